"""The command records of a service in its DynamoDB table: one item per command id, with the prefix of its system."""
from __future__ import annotations

import secrets
import time
from typing import Any, Dict, Optional, Tuple

from tutti.decision import Record

KEEP_SECONDS = 90 * 86_400


class Records:
    """The command records of the service, one item each. Every write has the revision that it replaces as its condition."""

    ATTRIBUTES = ("state", "hash", "token", "leaseUntil", "reply", "early", "command", "once", "beatAt", "revision", "ttl", "w")
    ATTRIBUTES += ("failures", "maybeDone", "errorCode", "errorMessage", "nextRunAt", "nonce")
    NAMES = {"#" + name: name for name in ATTRIBUTES}

    def __init__(self, dynamodb: Any, table: str, key_prefix: str = "") -> None:
        self.dynamodb, self.table, self.key_prefix = dynamodb, table, key_prefix

    def read(self, command_id: str) -> Optional[Record]:
        found = self.dynamodb.get_item(TableName=self.table, Key=self._key(command_id), ConsistentRead=True)
        return _decoded(found.get("Item"))

    def write(self, command_id: str, body: Record, before: Optional[Record]) -> Tuple[bool, Optional[Record]]:
        """Replaces `before` (None: no record). Returns True, or False and the current record if another worker has written."""
        revision = 0 if before is None else before["revision"]
        item = {**body, "revision": revision + 1, "w": secrets.token_urlsafe(8)}
        if body["state"] in ("DONE", "FAILED", "TOMB"):
            item["ttl"] = int(time.time()) + KEEP_SECONDS
        gone = ", ".join("#" + name for name in self.ATTRIBUTES if name not in item)
        values = {":" + name: _encoded(value) for name, value in item.items()}
        if before is None:
            condition = "attribute_not_exists(id)"
        else:
            condition, values[":before"] = "#revision = :before", _encoded(revision)
        try:
            self.dynamodb.update_item(
                TableName=self.table,
                Key=self._key(command_id),
                UpdateExpression="SET " + ", ".join("#%s = :%s" % (name, name) for name in item) + " REMOVE " + gone,
                ConditionExpression=condition,
                ExpressionAttributeNames=self.NAMES,
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            return True, None
        except self.dynamodb.exceptions.ConditionalCheckFailedException as error:
            stands = error.response.get("Item")
            # boto3 retries if an answer is lost: the current record may be this very write.
            if stands is not None and stands.get("w", {}).get("S") == item["w"]:
                return True, None
            return False, _decoded(stands)

    def _key(self, command_id: str) -> Dict[str, Any]:
        return {"id": {"S": self.key_prefix + command_id}}


def _encoded(value: Any) -> Dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _decoded(item: Optional[Dict[str, Any]]) -> Optional[Record]:
    kinds = {"S": str, "N": int, "BOOL": bool}
    return item and {name: kinds[kind](text) for name, value in item.items() for kind, text in value.items()}


def body_of(record: Record) -> Record:
    """A record without its revision, which the store sets at each write."""
    return {name: value for name, value in record.items() if name not in ("id", "revision", "ttl", "w")}
