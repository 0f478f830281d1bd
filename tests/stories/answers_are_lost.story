# What was applied while its answer was lost is repeated under its old id, whoever it goes to, and counts once.
deafen server-1
deafen server-2
post web-1 bids 5
wait 10s
post web-1 bids 7
wait 10s
kill agent-1
start agent-1
wait 10s
mend server-2
wait 30s
agg bids
  bids: {
  "1m": {"count": 1, "total": 7.00},
  "10m": {"count": 2, "total": 12.00},
  "1h": {"count": 2, "total": 12.00},
  "1d": {"count": 2, "total": 12.00},
  "pct": [5.00, 5.00, 5.00, 5.00, 5.00, 5.00, 5.00]}
