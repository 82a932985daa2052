"""A scripted SMTP server on loopback: smtp_server.py FOLDER KIND ANSWER...

KIND      starttls, tls, clear (offers no TLS), injected (text after the answer to STARTTLS), or other-name
ANSWER    how the first, second, … connection ends; the last one repeats
          accept, cut, lost, early, silent, garbage, 421, 451, 554, rcpt=ADDRESS, greylist=ADDRESS, password, repeat

FOLDER receives ca.pem, each accepted message as NUMBER.eml, its recipients as NUMBER.to, and all commands in `commands`.
The port is the first line on stdout; the server ends with its stdin.
"""

import asyncio
import base64
import datetime
import functools
import logging
import pathlib
import ssl
import sys

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = b"truecount", b"c4n4ry-pass"


class Rules:
    """How each connection is answered, and the messages accepted."""

    def __init__(self, folder, answers):
        self.folder, self.answers, self.taken, self.begun = folder, answers, 0, 0

    def next(self):
        answer = self.answers[min(self.begun, len(self.answers) - 1)]
        self.begun += 1
        return answer

    def note(self, line):
        with open(self.folder / "commands", "ab") as file:
            file.write(line + b"\n")

    def take(self, envelope):
        self.taken += 1
        (self.folder / f"{self.taken}.to").write_text("\n".join([envelope.mail_from, *envelope.rcpt_tos]))
        draft = self.folder / "draft"
        draft.write_bytes(envelope.original_content)
        draft.rename(self.folder / f"{self.taken}.eml")


class Handler:
    def __init__(self, rules):
        self.rules, self.answer = rules, rules.next()

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind, _, who = self.answer.partition("=")
        if who == address:
            return "550 5.1.1 no such mailbox" if kind == "rcpt" else "450 4.2.0 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer in ("accept", "cut", "silent", "garbage") or "=" in self.answer:
            self.rules.take(envelope)
        match self.answer:
            case "cut" | "lost":
                server.transport.abort()
                await asyncio.sleep(0.1)
            case "silent":
                await asyncio.sleep(600)
            case "garbage":
                return "so be it"
            case "421":
                return "421 4.3.2 shutting down"
            case "451":
                return "451 4.3.0 try again later"
            case "554":
                return "554 5.7.1 looks like spam"
            case "repeat":
                return f"554 5.7.1 not with {PASSWORD.decode()}"
        return "250 2.0.0 taken as 4711"


class Server(SMTP):
    """aiosmtpd's own, but for what it is told to do wrong."""

    def data_received(self, data):
        self.event_handler.rules.note(data[:200])
        super().data_received(data)

    async def smtp_DATA(self, argument):
        if self.event_handler.answer != "early":
            return await super().smtp_DATA(argument)
        await self.push("354 go on")
        await self._reader.readline()
        self.transport.abort()


def authenticate(rules):
    def check(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
        if server.event_handler.answer == "password":
            # The worst that a server can say.
            sent = base64.b64encode(b"\0" + data.login + b"\0" + data.password)
            return AuthResult(success=False, handled=False, message=f"535 no: {sent.decode()} {data.password.decode()}")
        return AuthResult(success=good)

    return check


async def injected(rules, context, reader, writer):
    """A stranger on the way says behind the answer to STARTTLS what the server is to say under TLS, and lets TLS through."""
    writer.write(b"220 here\r\n")
    while line := await reader.readline():
        rules.note(line)
        if line.upper().startswith(b"EHLO"):
            writer.write(b"250-here\r\n250 STARTTLS\r\n")
        elif line.upper().startswith(b"STARTTLS"):
            words = b"250-here\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"
            writer.write(b"220 go\r\n" + words)
            await writer.drain()
            await writer.start_tls(context)
        await writer.drain()


async def main(folder, kind, answers):
    logging.disable(logging.CRITICAL)
    folder = pathlib.Path(folder)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    names = ["somebody.example"] if kind == "other-name" else ["localhost", "127.0.0.1"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=datetime.datetime(2999, 1, 1)).configure_cert(context)
    rules = Rules(folder, answers)
    loop = asyncio.get_running_loop()

    def conversation():
        secure = {"tls_context": context, "require_starttls": True} if kind in ("starttls", "other-name") else {}
        return Server(
            Handler(rules), hostname="localhost", loop=loop, auth_required=kind != "clear", auth_require_tls=False,
            authenticator=authenticate(rules), **secure,
        )  # fmt: skip

    if kind == "injected":
        server = await asyncio.start_server(functools.partial(injected, rules, context), "127.0.0.1", 0)
    else:
        server = await loop.create_server(conversation, "127.0.0.1", 0, ssl=context if kind == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
