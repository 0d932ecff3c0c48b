"""A guest book on port 8000: /sign?name=X signs it, / lists the names."""

import http.server
import pathlib
import urllib.parse

BOOK = pathlib.Path(__file__).parent / "data" / "book.txt"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        status = 200
        try:
            if url.path == "/sign":
                with BOOK.open("a") as book:
                    book.write(urllib.parse.parse_qs(url.query)["name"][0] + "\n")
            text = BOOK.read_text() if BOOK.exists() else "empty\n"
        except OSError as error:
            status, text = 500, f"{error}\n"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(f"python: {text}".encode())


# One thread after the other is enough for a guest book.
http.server.HTTPServer(("", 8000), Handler).serve_forever()
