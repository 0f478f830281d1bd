# What a client records is seen after its flush and the agent's, and leaves one window after the other.
post web-1 bids 3 1.5
post web-2 bids 10
wait 3s
agg bids
  bids: {
  "1m": {"count": 3, "total": 14.50},
  "10m": {"count": 3, "total": 14.50},
  "1h": {"count": 3, "total": 14.50},
  "1d": {"count": 3, "total": 14.50},
  "pct": [1.51, 3.01, 3.01, 3.01, 3.01, 3.01, 3.01]}
projection bids
  bids web-1: {
  "1m": {"count": 2, "total": 4.50},
  "10m": {"count": 2, "total": 4.50},
  "1h": {"count": 2, "total": 4.50},
  "1d": {"count": 2, "total": 4.50},
  "pct": [1.51, 1.51, 1.51, 1.51, 1.51, 1.51, 1.51]}
  bids web-2: {
  "1m": {"count": 1, "total": 10.00},
  "10m": {"count": 1, "total": 10.00},
  "1h": {"count": 1, "total": 10.00},
  "1d": {"count": 1, "total": 10.00},
  "pct": [9.99, 9.99, 9.99, 9.99, 9.99, 9.99, 9.99]}

wait 90s
agg bids
  bids: {
  "1m": {"count": 0, "total": 0.00},
  "10m": {"count": 3, "total": 14.50},
  "1h": {"count": 3, "total": 14.50},
  "1d": {"count": 3, "total": 14.50},
  "pct": [1.51, 3.01, 3.01, 3.01, 3.01, 3.01, 3.01]}
wait 15m
agg bids
  bids: {
  "1m": {"count": 0, "total": 0.00},
  "10m": {"count": 0, "total": 0.00},
  "1h": {"count": 3, "total": 14.50},
  "1d": {"count": 3, "total": 14.50},
  "pct": [1.51, 3.01, 3.01, 3.01, 3.01, 3.01, 3.01]}
