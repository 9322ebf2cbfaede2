"""Work in the background, to look at."""

from __future__ import annotations

from django.contrib import admin

from catalog_audit.accounts.site import ToLookAt
from catalog_audit.jobs.models import Chunk, Job, WorkerBeat


@admin.register(Job)
class JobAdmin(ToLookAt):
    list_display = ("id", "kind", "subject", "state", "done", "total", "created_by", "created_at", "finished_at")
    list_filter = ("kind", "state")
    list_select_related = ("created_by",)


@admin.register(Chunk)
class ChunkAdmin(ToLookAt):
    list_display = ("job", "number", "state", "size", "attempts", "owner", "heartbeat_at")
    list_filter = ("state",)
    list_select_related = ("job",)


@admin.register(WorkerBeat)
class WorkerBeatAdmin(ToLookAt):
    list_display = ("name", "queue", "seen_at")
