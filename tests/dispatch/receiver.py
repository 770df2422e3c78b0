"""
A receiver of webhooks in a process of its own: writes down what comes, checks signatures by itself, and can fail and hang.

`python receiver.py FOLDER` prints its port. FOLDER/mode says how to answer ("ok", "hang", a status, or "KIND:STATUS"), FOLDER/secret
what to check signatures with; FOLDER/log has a line of JSON for each request.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Receiver(BaseHTTPRequestHandler):
    folder = Path()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        mode = (self.folder / "mode").read_text()
        told = json.loads(body)
        kind, _, status = mode.rpartition(":")
        if mode == "hang":
            time.sleep(60)
        code = int(status) if status.isdigit() and kind in ("", told["type"]) else 204
        line = {
            "id": self.headers["webhook-id"],
            "timestamp": int(self.headers["webhook-timestamp"]),
            "host": self.headers["host"],
            "valid": self.is_valid(body),
            "status": code,
            "body": told,
        }
        with (self.folder / "log").open("a") as log:
            log.write(json.dumps(line) + "\n")
        self.send_response(code)
        self.send_header("location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def is_valid(self, body):
        secret = (self.folder / "secret").read_text()
        key = base64.b64decode(secret.split("_", 1)[1])
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        wanted = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
        return self.headers["webhook-signature"] == f"v1,{wanted}"

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    Receiver.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)
    server.serve_forever()
