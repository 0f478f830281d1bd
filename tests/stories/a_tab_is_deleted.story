# A deletion takes what was accepted before it and nothing of what comes after, for one client or for all. Who drains it
# may die meanwhile. A tab that is gone may come back with another type, once agents have forgotten the one it had.
post web-1 bids 1 1
post web-2 bids 5
wait 5s
delete bids web-1
  {"tabs":1,"states":1}
agg bids
  bids: {
  "1m": {"count": 1, "total": 5.00},
  "10m": {"count": 1, "total": 5.00},
  "1h": {"count": 1, "total": 5.00},
  "1d": {"count": 1, "total": 5.00},
  "pct": [5.00, 5.00, 5.00, 5.00, 5.00, 5.00, 5.00]}
post web-1 bids 7
kill server-1
wait 10s
projection bids
  bids web-1: {
  "1m": {"count": 1, "total": 7.00},
  "10m": {"count": 1, "total": 7.00},
  "1h": {"count": 1, "total": 7.00},
  "1d": {"count": 1, "total": 7.00},
  "pct": [7.00, 7.00, 7.00, 7.00, 7.00, 7.00, 7.00]}
  bids web-2: {
  "1m": {"count": 1, "total": 5.00},
  "10m": {"count": 1, "total": 5.00},
  "1h": {"count": 1, "total": 5.00},
  "1d": {"count": 1, "total": 5.00},
  "pct": [5.00, 5.00, 5.00, 5.00, 5.00, 5.00, 5.00]}
delete bids
  {"tabs":1,"states":2}
names
  nothing found
post web-3 bids new as Gauge
wait 5s
agg bids
  nothing found
wait 2m
post web-3 bids new as Gauge
wait 5s
agg bids
  bids: {
  "new": 1}
