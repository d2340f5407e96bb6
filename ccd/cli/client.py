"""The daemon's HTTP API as the commands use it; what goes wrong becomes one line and an exit code."""

import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import typer

from ccd.cli.failure import NO_DAEMON, NOT_ALLOWED, REFUSED, UNKNOWN, Failure

T = TypeVar("T")
PATIENCE = 10.0
UPLOAD_TIME = 60.0
"""For any one piece to leave, and for the answer when all has left."""
TOKEN_FILES = (Path("~/.config/ccd/token"), Path("/etc/ccd/cli.token"))


@dataclass(frozen=True)
class Access:
    """Where the daemon is and what lets us in: given by the options of `ccd` itself."""

    url: str
    token: str = ""
    token_file: Path | None = None
    authority: Path | None = None

    def read_token(self) -> str:
        """The token: given, or in the file given, or in the first of `TOKEN_FILES` that can be read."""
        if self.token:
            return self.token
        files = (self.token_file,) if self.token_file else tuple(file.expanduser() for file in TOKEN_FILES)
        for file in files:
            if os.access(file, os.R_OK):
                return file.read_text(encoding="ascii", errors="replace").strip()
        if self.token_file:
            raise Failure(f"the token file {self.token_file} cannot be read", NOT_ALLOWED)
        return ""


class Client:
    """One connection to the daemon. Every method raises `Failure`."""

    def __init__(self, access: Access) -> None:
        self._url = access.url
        token = access.read_token()
        headers = {"Authorization": f"Bearer {token}"} if token.isascii() and token.isprintable() and token else {}
        try:
            verify = ssl.create_default_context(cafile=access.authority) if access.authority else True
            self._http = httpx.Client(
                base_url=access.url, headers=headers, timeout=PATIENCE, trust_env=False, verify=verify
            )
        except (OSError, httpx.InvalidURL) as error:
            raise Failure(f"{access.url}: {error}", NO_DAEMON) from error

    def get(
        self, path: str, kind: type[T], parameters: Mapping[str, str | int] | None = None, patience: float = PATIENCE
    ) -> T:
        """What is at the path, as this Struct."""
        return self._decoded(self._asked("GET", path, parameters=parameters, patience=patience), kind)

    def post(self, path: str, body: object | None = None) -> bytes:
        """Do it; the answer's JSON."""
        return self._asked("POST", path, body=body).content

    def post_for(self, path: str, body: object, kind: type[T]) -> T:
        """Do it; the answer as this Struct."""
        return self._decoded(self._asked("POST", path, body=msgspec.to_builtins(body)), kind)

    def patch(self, path: str, body: object, kind: type[T]) -> T:
        """Change it; as it is afterwards."""
        return self._decoded(self._asked("PATCH", path, body=body), kind)

    def upload(self, path: str, pieces: Iterable[bytes], kind: type[T]) -> T:
        """A CSV file, piece by piece; the answer as this Struct."""
        with self._told():
            response = self._http.post(path, content=pieces, headers={"Content-Type": "text/csv"}, timeout=UPLOAD_TIME)
        if not response.is_success:
            raise _failure(response)
        return self._decoded(response, kind)

    def delete(self, path: str, kind: type[T]) -> T:
        """Away with what is at the path; the answer as this Struct."""
        return self._decoded(self._asked("DELETE", path), kind)

    def reload(self, kind: type[T]) -> T:
        """Like `post`, but a refusal is an answer too."""
        return self._decoded(self._asked("POST", "/v1/reload", refusal_is_answer=True), kind)

    @contextmanager
    def streamed(self, path: str, quiet_time: float) -> Iterator[httpx.Response]:
        """An answer that comes bit by bit; silent for `quiet_time` seconds means the line is dead."""
        timeout = httpx.Timeout(10.0, read=quiet_time)
        with self._told(), self._http.stream("GET", path, timeout=timeout) as response:
            if response.is_error:
                response.read()
                raise _failure(response)
            yield response

    def _asked(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        body: object | None = None,
        *,
        refusal_is_answer: bool = False,
        patience: float = PATIENCE,
    ) -> httpx.Response:
        with self._told():
            response = self._http.request(method, path, params=parameters, json=body, timeout=patience)
        is_answer = refusal_is_answer and response.headers.get("content-type") == "application/json"
        if not response.is_success and not is_answer:
            raise _failure(response)
        return response

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise Failure(f"no daemon answers at {self._url} ({error})", NO_DAEMON) from error
        except httpx.TimeoutException as error:
            raise Failure(f"the daemon at {self._url} did not answer in time", NO_DAEMON) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Failure(f"{self._url}: {error}", NO_DAEMON) from error

    def _decoded(self, response: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.DecodeError as error:
            raise Failure(f"{self._url} does not answer as a ccd of this version does ({error})", NO_DAEMON) from error


def client(context: typer.Context) -> Client:
    """The client for a command."""
    access = context.find_object(Access)
    if access is None:
        raise RuntimeError("commands run below the group `ccd`, whose options tell the daemon's address")
    return Client(access)


def _failure(response: httpx.Response) -> Failure:
    try:
        detail = msgspec.json.decode(response.content, type=_Problem).detail
    except msgspec.DecodeError:
        detail = f"the answer is {response.status_code} {response.reason_phrase}"
    codes = {401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: UNKNOWN, 429: NOT_ALLOWED}
    if response.status_code == 401:
        detail = "the token is missing or not valid: give --token, CCD_TOKEN or --token-file"
    return Failure(detail, codes.get(response.status_code, REFUSED))


class _Problem(msgspec.Struct):
    detail: str
