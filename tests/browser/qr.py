"""What a camera would read off the screen where a QR code is shown."""

import base64
import json
import subprocess

from playwright.async_api import Locator

from tests.browser.conftest import ROOT

PIXELS = """async (png) => {
  const image = await createImageBitmap(await (await fetch(png)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, image.width, image.height);
  return { width, height, data: [...data] };
}"""
# The library by which the phone reads codes.
READ = """
import decode from "qr/decode.js";
import { readFileSync } from "node:fs";
const { width, height, data } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(decode({ width, height, data: Uint8ClampedArray.from(data) }));
"""


async def read_code(code: Locator) -> str:
    """The text of the code, from its picture alone."""
    png = await code.screenshot()
    browser = code.page.context.browser
    assert browser is not None
    # The board's own policy lets it fetch nothing, not even this.
    blank = await browser.new_page()
    try:
        picture = await blank.evaluate(
            PIXELS, f"data:image/png;base64,{base64.b64encode(png).decode()}"
        )
    finally:
        await blank.close()
    return subprocess.run(  # noqa: ASYNC221 - the page stands still meanwhile
        ["node", "--input-type=module", "-e", READ],
        cwd=ROOT,
        input=json.dumps(picture),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
