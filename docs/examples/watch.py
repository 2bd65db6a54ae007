# Stock of some SKUs as it changes, over gRPC, from any gRPC server of inventory. docs/clients.md says how its clients are made.
# Run: python3 watch.py localhost:50051 LAPTOP001 PHONE001
import sys
import time

import grpc

from holdfast.inventory.v1 import inventory_service_pb2 as messages
from holdfast.inventory.v1 import inventory_service_pb2_grpc as services

address, *skus = sys.argv[1:]
inventory = services.InventoryServiceStub(grpc.insecure_channel(address))
resume_token = ""
while True:
    try:
        for message in inventory.WatchAvailability(messages.WatchAvailabilityRequest(skus=skus, resume_token=resume_token)):
            # A message without any field only says that the stream lives.
            resume_token = message.resume_token or resume_token
            for level in message.availability:
                print(level.sku, level.available, flush=True)
    except grpc.RpcError as error:
        if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL):
            sys.exit(f"{error.code().name}: {error.details()}")
    # A stream that has ended goes on where it was.
    time.sleep(1)
