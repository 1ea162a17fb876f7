"""A headless Chromium with the dashboard's page."""
from __future__ import annotations

import contextlib
import json
import re
import shutil
import threading

import pytest

TIMEOUT_MS = 60_000
# Names of Debian's, Ubuntu's and Google's packages.
CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))),
                None)


@contextlib.contextmanager
def chromium():
    """A running browser; skips the test where there is none."""
    api = pytest.importorskip('playwright.sync_api', reason='playwright is not installed')
    if CHROMIUM is None:
        pytest.skip('no Chromium is installed (apt install chromium)')
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[
                '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'])
        yield browser
        browser.close()


# Notices vanish after some seconds, which may be too soon for a busy machine.
NOTICES = """
window.notices = [];
new MutationObserver((changes) => {
  for (const node of changes.flatMap((change) => [...change.addedNodes])) {
    const notice = node.querySelector?.('.q-notification') || node.closest?.('.q-notification');
    if (notice) window.notices.push(notice.textContent);
  }
}).observe(document, {childList: true, subtree: true});
"""


class Page:
    """The dashboard in a window of its own, with cookies of its own."""

    def __init__(self, browser, url, width=1280, height=900):
        self._context = browser.new_context(viewport={'width': width, 'height': height})
        self._context.set_default_timeout(TIMEOUT_MS)
        self.page = self._context.new_page()
        self.errors = []
        self.page.add_init_script(NOTICES)
        self.page.on('pageerror', lambda error: self.errors.append(str(error)))
        self.page.goto(url)
        # NiceGUI drops a click that comes before.
        self.wait_for('!document.querySelector("#app") || window.did_handshake')

    def wait_for(self, expression):
        """Waits until an expression of JavaScript is true; returns its value."""
        return self.page.wait_for_function(expression).json_value()

    def wait_for_notice(self, text):
        """Waits until the page has told something; later calls wait for another notice."""
        self.wait_for(f'window.notices.some((notice) => notice.includes({json.dumps(text)}))')
        self.page.evaluate('window.notices.length = 0')

    def frames(self, view):
        """Number of images that a view has shown."""
        return int(self.page.evaluate(
            f"document.querySelector('[data-view={view}] canvas')?.dataset.frames || 0"))

    def wait_for_images(self, *views):
        """Waits until each of the views has shown two more images."""
        for view in views:
            self.wait_for(f"document.querySelector('[data-view={view}] canvas')?.dataset.frames"
                          f" >= {self.frames(view) + 2}")

    def marked(self, mark):
        """The widget with a mark of the dashboard's source."""
        return self.page.locator(f'[data-mark="{mark}"]')

    def close(self):
        self._context.close()


class Address:
    """Finds the address in the output of a dashboard."""

    PATTERN = re.compile(r'dashboard: (http://\S+)')

    def __init__(self, process):
        self._process = process

    def wait(self, timeout_s=60.0):
        """The address once it is printed."""
        pause = threading.Event()
        for _ in range(int(timeout_s / 0.1)):
            found = self.PATTERN.search(self._process.output())
            if found:
                return found[1]
            assert self._process.is_running(), self._process.output()
            pause.wait(0.1)
        raise AssertionError(self._process.output())
