"""Downloads."""

from __future__ import annotations

from tests import factories


def download(client, kind):
    response = client.get(f"/export/spring/{kind}/")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="spring-{kind}.csv"' in response.headers["Content-Disposition"]
    return b"".join(response.streaming_content).decode().splitlines()


def test_the_whole_audit(admin, flag):
    header, row = download(admin, "audit")
    assert header == "external_id,attribute,label_raw,label,suggested,p_wrong,state"
    assert row == "P-1,colour,Navy,navy,black,0.9700,flagged"


def test_the_corrections(admin, flag):
    factories.decide(flag.label, factories.make_manager("carl"), "black")
    header, row = download(admin, "corrections")
    assert header == "external_id,attribute,old,new,decided_by,decided_at"
    assert row.startswith("P-1,colour,Navy,")
    assert ",carl," in row


def test_an_unknown_shop_or_file_is_not_found(admin, shop):
    assert admin.get("/export/nowhere/audit/").status_code == 404
    assert admin.get("/export/spring/secrets/").status_code == 404


def test_the_page_offers_both_files_of_each_shop(admin, shop):
    page = admin.get("/export/").content.decode()
    assert "/export/spring/corrections/" in page
    assert "/export/spring/audit/" in page


def test_without_shops_it_says_what_to_do_first(admin):
    assert "There is nothing to export yet" in admin.get("/export/").content.decode()
