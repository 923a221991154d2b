"""Makes the jar by which LocalStack starts DynamoDB Local: only a manifest, with the main class and the class path.

usage: class-path-jar.py FOLDER     FOLDER/DynamoDBLocal_lib holds the jars
"""

import pathlib
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])


def attribute(name, value):
    # A line of a manifest holds at most 72 bytes; the next one begins with a space.
    text = f"{name}: {value}"
    return "\r\n ".join([text[:72], *(text[i : i + 71] for i in range(72, len(text), 71))]) + "\r\n"


jars = " ".join(f"DynamoDBLocal_lib/{jar.name}" for jar in sorted((folder / "DynamoDBLocal_lib").glob("*.jar")))
with zipfile.ZipFile(folder / "DynamoDBLocal.jar", "w") as jar:
    jar.writestr(
        "META-INF/MANIFEST.MF",
        attribute("Manifest-Version", "1.0")
        + attribute("Main-Class", "software.amazon.dynamodb.services.local.main.ServerRunner")
        + attribute("Class-Path", jars),
    )
