# While no server can be reached the agent keeps in its journal what it told clients is accepted.
cut server-1
cut server-2
post web-1 bids 1
wait 3s
post web-1 bids 1 1
wait 3s
kill agent-1
start agent-1
post web-2 bids 1 1 1 1
wait 1m
kill agent-1
start agent-1
mend server-1
mend server-2
wait 1m
agg bids
  bids: {
  "1m": {"count": 0, "total": 0.00},
  "10m": {"count": 7, "total": 7.00},
  "1h": {"count": 7, "total": 7.00},
  "1d": {"count": 7, "total": 7.00},
  "pct": [1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00]}
projection bids
  bids web-1: {
  "1m": {"count": 0, "total": 0.00},
  "10m": {"count": 3, "total": 3.00},
  "1h": {"count": 3, "total": 3.00},
  "1d": {"count": 3, "total": 3.00},
  "pct": [1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00]}
  bids web-2: {
  "1m": {"count": 0, "total": 0.00},
  "10m": {"count": 4, "total": 4.00},
  "1h": {"count": 4, "total": 4.00},
  "1d": {"count": 4, "total": 4.00},
  "pct": [1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00]}
