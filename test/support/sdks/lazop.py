"""Makes calls with the package lazop-sdk: reads them as JSON from standard input."""

import json
import sys

from lazop_sdk import LazopClient, LazopRequest

work = json.load(sys.stdin)
client = LazopClient(work["url"] + "/rest", work["appKey"], work["appSecret"])
for parameters in work["calls"]:
    request = LazopRequest(work["apiName"], "GET" if work["form"] == "query" else "POST")
    for name, value in parameters:
        request.add_api_param(name, value)
    if work["form"] == "multipart":
        request.add_file_param("image", ("a.bin", b"\x89PNG\r\n\r\n\x00\xff"))
    client.execute(request)
