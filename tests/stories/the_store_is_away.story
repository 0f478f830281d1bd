# Without the store servers refuse posts and queries; agents hold what they have, and all is there afterwards.
post web-1 bids 5
wait 5s
cut store
post web-1 bids 7
wait 30m
agg bids
  503 {"error":"cannot answer: the store could not be reached; ask again later","code":"store_unavailable"}
mend store
wait 1m
agg bids
  bids: {
  "1m": {"count": 0, "total": 0.00},
  "10m": {"count": 0, "total": 0.00},
  "1h": {"count": 2, "total": 12.00},
  "1d": {"count": 2, "total": 12.00},
  "pct": [5.00, 5.00, 5.00, 5.00, 5.00, 5.00, 5.00]}
