# Sell-through per SKU, units sold / units reserved, from the start of the log and then as it goes on.
# Run: KAFKA_BROKERS=localhost:9092 python3 sell_through.py (pip install -r requirements.txt)
import json
import os
from collections import defaultdict

from kafka import KafkaConsumer

# Without a group: what is counted is only in memory, so each run begins at the start.
consumer = KafkaConsumer(
    "holdfast.reservation.v1",
    bootstrap_servers=os.environ.get("KAFKA_BROKERS", "localhost:9092").split(","),
    auto_offset_reset="earliest",
)
counts = {"holdfast.reservation.created.v1": "reserved", "holdfast.reservation.committed.v1": "sold"}
units = defaultdict(lambda: {"reserved": 0, "sold": 0})
seen = set()

for message in consumer:
    headers = {name: value.decode() for name, value in message.headers}
    # Delivery is at least once: what has been counted is passed over, and so are events of other types.
    if headers["ce_type"] not in counts or headers["ce_id"] in seen:
        continue
    seen.add(headers["ce_id"])
    for line in json.loads(message.value)["after"]["lines"]:
        count = units[line["sku"]]
        count[counts[headers["ce_type"]]] += line["quantity"]
        share = count["sold"] / count["reserved"] if count["reserved"] else 0
        print(f"{line['sku']} reserved {count['reserved']} sold {count['sold']} sell-through {share:.2f}", flush=True)
