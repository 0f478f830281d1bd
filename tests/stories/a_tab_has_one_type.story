# The first line of a tab fixes its type. A gauge is counted by its clients' last values, and forgotten after 48 hours.
post web-1 build 2.4.1 as Gauge
post web-2 build 2.4.1 as Gauge
post web-3 build 2.4.0 as Gauge
wait 5s
agg build
  build: {
  "2.4.0": 1,
  "2.4.1": 2}
post web-3 build 2.4.1 as Gauge
wait 5s
agg build
  build: {
  "2.4.1": 3}
names
  build
