# A server dies with what it has drained but not committed; the other one takes its buckets.
post web-1 bids 1
wait 2s
kill server-1
post web-1 bids 2
wait 2s
agg bids
  bids: {
  "1m": {"count": 2, "total": 3.00},
  "10m": {"count": 2, "total": 3.00},
  "1h": {"count": 2, "total": 3.00},
  "1d": {"count": 2, "total": 3.00},
  "pct": [1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00]}
wait 10s
kill server-2
post web-1 bids 4
wait 5s
agg bids
  no server can be reached
start server-1
wait 10s
agg bids
  bids: {
  "1m": {"count": 3, "total": 7.00},
  "10m": {"count": 3, "total": 7.00},
  "1h": {"count": 3, "total": 7.00},
  "1d": {"count": 3, "total": 7.00},
  "pct": [1.00, 2.01, 2.01, 2.01, 2.01, 2.01, 2.01]}
