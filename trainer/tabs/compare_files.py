"""The addresses under which the results of a campaign are fetched."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from trainer.campaigns.folder import Campaign
from trainer.results import export
from trainer.results.results import Results, results_of
from trainer.tabs.own_campaigns import OwnCampaigns
from translator.errors import InputError
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of

# The files on offer, and what their buttons say.
OFFERED = {
    "report.html": "Report",
    "ratings.csv": "CSV",
    "ratings.jsonl": "JSONL",
    "systems.tex": "LaTeX",
    "results.zip": "All as ZIP",
}
_TYPES = {".html": "text/html", ".csv": "text/csv", ".jsonl": "application/jsonl"}


def routes(context: AppContext) -> APIRouter:
    """``/campaigns/ID/NAME``, for the browser whose campaign it is."""
    router = APIRouter(prefix="/campaigns")

    @router.get("/{campaign_id}/{name}")
    def fetch(campaign_id: str, name: str, request: Request) -> Response:
        if name not in OFFERED:
            raise HTTPException(404)
        try:
            campaign = OwnCampaigns(context, owner_of(request)).get(campaign_id)
            results = results_of(campaign)
        except InputError as problem:
            raise HTTPException(404, problem.message) from problem
        title = f"{_plain(campaign.settings.name)} {name}"
        if name == "results.zip":
            return _archive(results, campaign, title)
        found = next((data for known, data in export.files(results, campaign) if known == name), "")
        kind = _TYPES.get(Path(name).suffix, "text/plain")
        response = Response(found, media_type=f"{kind}; charset=utf-8")
        response.headers["content-disposition"] = f'attachment; filename="{title}"'
        return response

    return router


def _archive(results: Results, campaign: Campaign, title: str) -> FileResponse:
    with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file:
        path = Path(file.name)
    export.archive(results, path, campaign)
    return FileResponse(path, filename=title, background=BackgroundTask(path.unlink))


def _plain(name: str) -> str:
    """A campaign's name as a part of any file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "campaign"
