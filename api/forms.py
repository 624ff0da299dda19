"""The one file in a form, as `curl -F file=@…` or a page sends it, read in pieces."""

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.uploads import UploadError


async def file_in_form(request: Request) -> AsyncIterator[bytes]:
    """Give out the content of the file in a form.

    Raises UploadError if the form has anything else, or cannot be read.
    """
    _, options = parse_options_header(request.headers["Content-Type"])
    parts, held, is_whole = 0, bytearray(), False

    def begin() -> None:
        nonlocal parts
        parts += 1

    def take(data: bytes, start: int, end: int) -> None:
        held.extend(data[start:end])

    def end() -> None:
        nonlocal is_whole
        is_whole = True

    try:
        parser = MultipartParser(
            options.get(b"boundary", b""),
            {"on_part_begin": begin, "on_part_data": take, "on_end": end},
        )
        async for chunk in request.stream():
            parser.write(chunk)
            if parts > 1:
                raise UploadError("The form has several parts; one file is expected, as `file`.")
            yield bytes(held)
            held.clear()
        parser.finalize()
    except FormParserError as error:
        raise UploadError(f"The form cannot be read: {error}.") from None
    if not is_whole or not parts:
        raise UploadError("The form has no end, or no file; one is expected, as `file`.")
