"""Files of the knowledge base, behind the doubled prefix (contract.md §4)."""

from __future__ import annotations

import pytest

from .site import FILES, PDF, Call, Site, looks, upload

SEED: list[Call] = []
WHOLE = upload("file", description="Цены", category="service_catalog", is_public="false")
FRONT_END = [
    Call("GET", "/api/api/organizations/{org}/files"),
    Call("POST", "/api/api/organizations/{org}/files", form=WHOLE, status=201),
    Call("DELETE", "/api/api/organizations/{org}/files/{fileId}"),
    Call("GET", "/api/api/organizations/{org}/files/statistics"),
    Call("GET", "/api/api/organizations/{org}/funnels/{f}/files"),
    Call("POST", "/api/api/organizations/{org}/funnels/{f}/files", form=WHOLE, status=201),
    Call("DELETE", "/api/api/organizations/{org}/funnels/{f}/files/{funnelFileId}"),
    Call("GET", "/api/api/organizations/{org}/funnels/{f}/files/statistics"),
    Call("POST", "/api/api/organizations/{org}/funnels/{f}/files/{fileId}/attach"),
    Call("POST", "/api/api/organizations/{org}/funnels/{f}/files/{funnelFileId}/detach"),
    Call("GET", "/api/api/files/{fileId}/url?expires_in=3600"),
]
FILE = {"id": int, "original_name": str, "filename": str, "size": int, "category": str, "description": str,
        "is_public": bool, "created_at": str}  # fmt: skip


@pytest.mark.parametrize("prefix", ["/api/api", "/api"])
def test_a_file_is_uploaded_listed_and_fetched(site: Site, prefix: str) -> None:
    root = prefix + "/organizations/{org}/files"
    made = site.call(f"POST {root}", form=WHOLE)
    assert made.status_code == 201
    assert looks(made.json, FILE) == []
    assert (made.json["original_name"], made.json["size"], made.json["is_public"]) == ("price.pdf", len(PDF), False)
    listed = site.get(root)
    assert ([row["id"] for row in listed["files"]], listed["total"], listed["page"]) == ([made.json["id"]], 1, 1)
    assert type(listed["per_page"]) is int
    assert site.get(root + "?category=service_catalog")["total"] == 1
    assert site.get(root + "?category=client_work")["files"] == []
    link = site.get(f"{prefix}/files/{made.json['id']}/url?expires_in=3600")["url"]
    fetched = site.client.get(link)
    assert (fetched.status_code, fetched.data) == (200, PDF)


def test_a_category_that_is_none_is_400(site: Site) -> None:
    assert site.call(f"POST {FILES}/files", form={**WHOLE, "category": "other"}).status_code == 400
    assert site.call(f"GET {FILES}/files?category=other").status_code == 400


def test_a_file_is_attached_to_a_funnel_and_taken_off(site: Site) -> None:
    of_funnel = f"{FILES}/funnels/{{f}}/files"
    path = f"{of_funnel}/{site['fileId']}"
    for _ in range(2):
        assert site.call(f"POST {path}/attach").status_code in (200, 201)
    assert [row["id"] for row in site.get(of_funnel)["files"]] == [site["fileId"]]
    assert site.call(f"POST {path}/detach").status_code == 200
    assert site.get(of_funnel)["files"] == []
    assert site.get(f"{FILES}/files")["total"] == 1


def test_a_manager_reads_files_and_writes_none(site: Site) -> None:
    site["fileId"]
    assert site.call(f"GET {FILES}/files", as_who="manager").status_code == 200
    assert site.call(f"POST {FILES}/files", form=WHOLE, as_who="manager").status_code == 403
    assert site.call(f"DELETE {FILES}/files/{{fileId}}", as_who="manager").status_code == 403
