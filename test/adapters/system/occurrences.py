"""The times of schedules by Python's zoneinfo, for occurrences.test.ts. Input: JSON of cases on stdin. Output: JSON of their times."""
import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc


def field(text, low, high, names=()):
    """The numbers of one cron field."""
    values = set()
    for part in text.split(','):
        span, _, step = part.partition('/')
        if span == '*':
            first, last = low, high
        else:
            ends = [names.index(end) if end in names else int(end) for end in span.split('-')]
            first, last = ends[0], ends[-1]
        values.update(range(first, last + 1, int(step or 1)))
    return values


def walls(cron, start, end):
    """Every nominal time of the expression, as if the clocks never changed."""
    minute, hour, day, month, weekday = cron.split(' ')
    minutes, hours = sorted(field(minute, 0, 59)), sorted(field(hour, 0, 23))
    weekdays = field(weekday, 0, 6, ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'])
    date = start
    while date < end:
        by_date, by_weekday = date.day in field(day, 1, 31), date.isoweekday() % 7 in weekdays
        either = day != '*' and weekday != '*'
        if date.month in field(month, 1, 12) and ((by_date or by_weekday) if either else (by_date and by_weekday)):
            for h in hours:
                for m in minutes:
                    yield date.replace(hour=h, minute=m)
        date += timedelta(days=1)


def shown(instant, zone):
    return instant.astimezone(zone).replace(tzinfo=None)


def instants(wall, zone):
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(instant for instant in both if shown(instant, zone) == wall)


def after_gap(wall, zone):
    """The first second at which the clocks show a later time."""
    low = wall.replace(tzinfo=UTC) - timedelta(hours=40)
    high = wall.replace(tzinfo=UTC) + timedelta(hours=40)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=1) // 2)
        if shown(middle, zone) > wall:
            high = middle
        else:
            low = middle
    return high


def times(case):
    zone = ZoneInfo(case['zone'])
    start, end = (datetime.fromisoformat(case[name]) for name in ('from', 'to'))
    elapsed = any(sign in ' '.join(case['cron'].split(' ')[:2]) for sign in '*/')
    for wall in walls(case['cron'], start - timedelta(days=3), end + timedelta(days=3)):
        local = wall.isoformat(timespec='minutes')
        at = instants(wall, zone)
        if not at:
            if not elapsed and case['gap'] == 'after':
                yield after_gap(wall, zone), local
        elif len(at) == 1:
            yield at[0], local
        elif elapsed or case['fold'] == 'both':
            offset = int((wall - at[1].replace(tzinfo=None)).total_seconds() // 60)
            yield at[0], local
            yield at[1], f"{local}{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
        else:
            yield at[1 if case['fold'] == 'last' else 0], local


def answer(case):
    start, end = (datetime.fromisoformat(case[name]).replace(tzinfo=UTC) for name in ('from', 'to'))
    found = sorted((at, local) for at, local in times(case) if start < at <= end)
    return [[int(at.timestamp() * 1000), local] for at, local in found]


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
