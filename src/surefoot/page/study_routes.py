"""Which request about studying is answered by what."""

import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from surefoot.page.frame import Frame
from surefoot.study.answered import MODES, Mode

if TYPE_CHECKING:
    from surefoot.page.study_file_views import StudyFileViews
    from surefoot.page.study_play_views import StudyPlayViews
    from surefoot.page.study_room import Room
    from surefoot.page.study_views import StudyViews

LARGEST = 2 << 20
"""Bytes of a file that is taken in."""

LONGEST = 1 << 17
"""Bytes of an answer as it is sent: a choice of one's own deck may be long, and other letters than Latin take nine."""

TOO_LARGE = "That file has more than 2 MB; bring it in with: surefoot study import FILE"

TOO_LONG = "That is longer than any answer here."

_Asked: TypeAlias = Callable[[Request], Awaitable[Response]]
_Plain: TypeAlias = Callable[[Callable[[Request], Response]], _Asked]
_Formed: TypeAlias = Callable[[Callable[[Request, str], Response]], _Asked]
_Sent: TypeAlias = Callable[[Callable[[Request, bytes], Response], int, str], _Asked]


@final
class Study:
    """The room of studying with its views, each made when it is first asked for: the page's start does without.

    Args:
        frame: what all views share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._lock = threading.Lock()
        self._made: tuple[Room, StudyViews, StudyPlayViews, StudyFileViews] | None = None

    def _all(self) -> "tuple[Room, StudyViews, StudyPlayViews, StudyFileViews]":
        from surefoot.page.study_file_views import StudyFileViews
        from surefoot.page.study_play_views import StudyPlayViews
        from surefoot.page.study_room import Room
        from surefoot.page.study_views import StudyViews

        with self._lock:  # two requests at once share one room
            if self._made is None:
                room = Room()
                views = StudyViews(self._frame, room)
                self._made = room, views, StudyPlayViews(room, views), StudyFileViews(room)
            return self._made

    @property
    def views(self) -> "StudyViews":
        """The views of decks and notes."""
        return self._all()[1]

    @property
    def plays(self) -> "StudyPlayViews":
        """The views of sessions that are played."""
        return self._all()[2]

    @property
    def files(self) -> "StudyFileViews":
        """The views of files that are carried out and in."""
        return self._all()[3]

    def close(self) -> None:
        """Let go of the memory, if anything was studied."""
        if self._made is not None:
            self._made[0].close()


def routes(study: Study, plain: _Plain, formed: _Formed, sent: _Sent) -> list[Route]:
    """Return the routes of studying.

    Args:
        study: the views.
        plain: lets a view answer that only looks.
        formed: lets a view answer that is sent a short text.
        sent: lets a view answer that is sent a file of at most so many bytes, and says what if it has more.
    """
    take = sent(lambda request, content: study.files.take(request, content), LARGEST, TOO_LARGE)
    found = [
        Route("/study", plain(lambda request: study.views.every(request)), methods=["GET"]),
        Route("/study", take, methods=["POST"]),
        Route("/study/export.{form:str}", plain(lambda request: study.files.export(request)), methods=["GET"]),
    ]
    for mode in MODES:
        found += _of_a_way(mode, study, plain, sent)
    forget = formed(lambda request, text: study.files.forget(request, text))
    restore = formed(lambda request, text: study.files.restore(request, text))
    return [
        *found,
        Route("/study/about/{subject:path}", plain(lambda request: study.views.about(request)), methods=["GET"]),
        Route("/study/note/{note:path}", plain(lambda request: study.views.note(request)), methods=["GET"]),
        Route("/study/{deck:path}/forget", forget, methods=["POST"]),
        Route("/study/{deck:path}/restore", restore, methods=["POST"]),
        Route("/study/{deck:path}", plain(lambda request: study.views.deck(request)), methods=["GET"]),
    ]


def _of_a_way(mode: Mode, study: Study, plain: _Plain, sent: _Sent) -> list[Route]:
    def told(answer: Callable[[Request, str], Response]) -> _Asked:
        return sent(lambda request, body: answer(request, body.decode("utf-8", "replace")), LONGEST, TOO_LONG)

    way = f"/study/{{deck:path}}/{mode}"
    return [
        Route(way, plain(lambda request: study.views.way(request, mode)), methods=["GET"]),
        Route(way, told(lambda request, text: study.plays.begin(request, text, mode)), methods=["POST"]),
        Route(f"{way}/{{play:str}}", plain(lambda request: study.plays.play(request, mode)), methods=["GET"]),
        Route(
            f"{way}/{{play:str}}", told(lambda request, text: study.plays.act(request, text, mode)), methods=["POST"]
        ),
    ]
