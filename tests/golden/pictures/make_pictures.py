#!/usr/bin/env python3
"""The pictures that Pillow made for tests/data/images: kinds of files that the tests cannot write, and what its resize gives.

Run in this folder, with Debian's python3-pil."""
from PIL import Image

# Pure red as Adobe's CMYK.
Image.new("RGB", (16, 8), (255, 0, 0)).convert("CMYK").save("cmyk.jpg", quality=90)

gradient = Image.new("RGB", (16, 8))
gradient.putdata([(16 * x, 255 - 16 * x, 16 * y) for y in range(8) for x in range(16)])
gradient.save("progressive.jpg", quality=95, progressive=True)
gradient.resize((5, 3)).quantize(4).save("palette.gif")

# A sawtooth, made smaller and larger: bilinear and antialiased, as torchvision resizes.
sawtooth = Image.new("RGB", (37, 23))
sawtooth.putdata([((x * 7 + y * 13) % 256, (x * x + 3 * y) % 256, (x * y) % 256) for y in range(23) for x in range(37)])
sawtooth.resize((10, 7), Image.BILINEAR).save("sawtooth_10x7.png")
sawtooth.resize((50, 40), Image.BILINEAR).save("sawtooth_50x40.png")
sawtooth.crop((5, 2, 30, 20)).resize((12, 30), Image.BILINEAR).save("sawtooth_12x30_of_box.png")
