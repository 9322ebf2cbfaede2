"""Addresses of the pages."""

from django.urls import path

from catalog_audit.web.views import (
    audits,
    dashboard,
    decisions,
    exports,
    feeds,
    flags,
    health,
    home,
    people,
    pictures,
    words,
)

app_name = "web"
urlpatterns = [
    path("favicon.ico", health.favicon, name="favicon"),
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", people.SignIn.as_view(), name="sign_in"),
    path("sign-out/", people.SignOut.as_view(), name="sign_out"),
    path("language/", people.choose_language, name="language"),
    path("", home.home, name="home"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/trust/", dashboard.trust, name="trust"),
    path("dashboard/trust/checks/", dashboard.make_checks, name="make_checks"),
    path("flags/", flags.queue, name="flags"),
    path("flags/next/", flags.following, name="next_flag"),
    path("flags/<int:flag_id>/", flags.flag, name="flag"),
    path("flags/<int:flag_id>/evidence/", flags.evidence, name="evidence"),
    path("flags/<int:flag_id>/decide/", decisions.decide, name="decide"),
    path("decisions/undo/", decisions.undo, name="undo"),
    path("pictures/<int:picture_id>/", pictures.picture, name="picture"),
    path("pictures/<int:picture_id>/small/", pictures.small_picture, name="small_picture"),
    path("overlays/<int:prediction_id>/<str:kind>/", pictures.overlay, name="overlay"),
    path("audits/", audits.audits, name="audits"),
    path("audits/list/", audits.audit_list, name="audit_list"),
    path("audits/start/", audits.start, name="start_audit"),
    path("audits/<int:run_id>/cancel/", audits.cancel, name="cancel_audit"),
    path("feeds/", feeds.feeds, name="feeds"),
    path("feeds/columns/", feeds.columns, name="feed_columns"),
    path("feeds/<int:import_id>/", feeds.result, name="feed_result"),
    path("feeds/<int:import_id>/progress/", feeds.progress, name="feed_progress"),
    path("feeds/<int:import_id>/rejects/", feeds.rejects, name="feed_rejects"),
    path("feeds/<int:import_id>/cancel/", feeds.cancel, name="cancel_import"),
    path("words/", words.words, name="words"),
    path("words/map/", words.map_word, name="map_word"),
    path("export/", exports.exports, name="exports"),
    path("export/<slug:slug>/<str:kind>/", exports.download, name="download"),
]
