"""A mail server for tests: python smtp_sink.py PORT REFUSALS [CERTIFICATE KEY].

Takes the login hookpost / pass-word, refuses the first REFUSALS mails for the moment, and prints a line
of JSON for each mail that it takes. With a certificate it speaks STARTTLS, and takes logins there only.
"""

import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

port, refusals, files = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


class Sink:
    left = refusals

    async def handle_DATA(self, server, session, envelope):
        if self.left > 0:
            self.left -= 1
            return "451 try again later"
        print(
            json.dumps(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "text": envelope.content.decode(),
                    "login": session.authenticated,
                    "encrypted": session.ssl is not None,
                }
            ),
            flush=True,
        )
        return "250 taken"


def knows(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (
        b"hookpost",
        b"pass-word",
    )
    return AuthResult(success=right, handled=False)


context = None
if files:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
Controller(
    Sink(),
    hostname="127.0.0.1",
    port=port,
    authenticator=knows,
    auth_require_tls=bool(files),
    tls_context=context,
    require_starttls=bool(files),
).start()
threading.Event().wait()
