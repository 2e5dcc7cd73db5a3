import pytest
from configurations import changed, messages

FILES = {"config.json": "0" * 64, "model.safetensors": "1" * 64}
PLACE = "sources.mine.from[0]"


def with_location(**location):
    """Return the messages about a location."""
    location = {"url": "https://127.0.0.1/tiny", **location}
    return messages(changed({"sources.mine": {"file": "mine.tar", "from": [location]}}))


def test_a_location_may_have_files():
    assert with_location(files=FILES) == []


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("location", "message"),
    [
        ({"files": {}}, "files: {} should be non-empty"),
        ({"files": ["config.json"]}, "files: found ['config.json'], expected a mapping"),
        ({"files": {"config.json": "1"}}, "files.config.json: '1' does not have the form"),
        ({"files": {1: "0" * 64}}, "files: found 1, expected text"),
        ({"files": FILES, "member": "x"}, "'member' and 'files' exclude each other; remove one"),
        ({"files": {"../x": "0" * 64}}, "files: found '../x', expected a path like folder/x.json"),
    ],
)
def test_files_of_a_location_that_cannot_be_fetched_are_reported_before_anything_runs(
    location, message
):
    (found,) = with_location(**location)
    assert found.startswith(PLACE)
    assert message in found


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    "url",
    [
        *("https://", "https:x", "http://[::1", "http://h:99999/x", "http://h:port/x", "http:///x"),
        *("file:", "file://", "http://me:hunter2/x@host"),
    ],
)
def test_an_address_that_is_none_is_reported_before_anything_runs(url):
    (found,) = with_location(url=url)
    assert found.startswith(f"{PLACE}.url: a URL begins with http:// or https:// and has a host")
    assert "hunter2" not in found
    (found,) = messages(changed({"mirror": url}))
    assert found.startswith("mirror: expected a folder or a URL, and a URL begins with http://")
    assert "hunter2" not in found


@pytest.mark.reliability("Security")
@pytest.mark.parametrize("url", ["https://user:hunter2@host/m", "http://h/?token=hunter2"])
def test_no_secret_is_written_into_a_configuration(url):
    for found, solution in (
        (with_location(url=url), "write ${NAME} instead"),
        (messages(changed({"mirror": url})), "set the environment variable SEQ2REPORT_MIRROR"),
    ):
        (message,) = found
        assert "is written out; " in message
        assert solution in message
        assert "hunter2" not in message


@pytest.mark.parametrize(
    "place", ["/srv/mirror", "mirror", "my files/m?key=1", "file:m", "https://h:81/m", "C:/m"]
)
def test_a_mirror_may_be_a_folder_or_an_address(place):
    assert messages(changed({"mirror": place})) == []


def test_the_name_of_a_local_file_is_no_secret():
    assert with_location(url="file:q?key=1.csv") == []
