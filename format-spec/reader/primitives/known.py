"""Known answers: each native implementation is asked these before it is used, and the measurements use them."""

import base64

# 40 bytes over 700 times "abc"; 32 keyed with the bytes 0 to 31, and 32 derived with the context "tintype é", over "abc".
BLAKE3 = bytes.fromhex(
    "0e6e5913eb2c5b9623dc96ff0452f164313521fa590de4fe594289627d8721eba843063d87039e906da54495d8152f2bcba8"
    "7bd7282df70901cdb66b4448ed5f4c7bd2852b8b5532eb4d3d8eb588a3ed8a2f15beeea292815efce0fbcfef76ff89561a22"
    "6d9e7312")

# A frame with compressed literals, several sequences and a checksum; its text is words in random order.
ZSTD_RAW_LENGTH = 7794
ZSTD_RAW_SHA256 = "1a2c34baf946073b2adc632127e5c24069c1233736d5dc792d77b00cf9f6e056"
ZSTD_FRAME = (
    "KLUv/WRyHc06AJahThiATbEBwCiAoACi8MME1ZObK3unS9+IygVgAEMAPQCIgQIgUIZalmQ0YrEoCBzKuV0QgomgqpQlvtR4KK9koXBUNiCLQA"
    "NQUFrs68byeCwIxUsD8hAYGApVsQwaAIJShQHwUEAWCSXbxpJIQByKJ4BB4dEwBJRxY4kYGkoRFoOlyzTKHEMXkVwfmjNTTeV6+X79Xrw7a43K"
    "fGZ5rxs6y3naVXdGVmRt9diCALBk2dS58XtGK5aC4GE4pOssOzhGY3YJ/ZGLWWnr25qzSrPTaHzvPk5tMF+XN7e0bx6qKRubXKt3nGlptXtdpC"
    "Gy4fNwMrE8WfbT0JjIRXst33Z8P88ePa0+872xdFW9L8Ka8szaWj6zvRoNyb2i6UTYq/dTie2dt9Y31dB6OVOb53RqjrOXVecZ8lWvmvlxg1Wo"
    "MqwrSiH7cVIQBBAOyzR11jsiEBAQFxV1J0iSpn0Dg0hz32PoHngUFDdYc7ftJX/21Ag+shgLWO/dIRSr7KEhyuC5vj2DpcpGxT/wxWolOnrgxZ"
    "IzjIXVaZHI6Zr17Pl8h62RswppClb3Tej1IJTYJ83/WRkVEajFLb2YIjFlLfJo54/I4waoKwbfPemsl2YxKFVYTNddESLqfrq0+V3OPg64uGdN"
    "lCsH1JpcPxyWXGJzpDW/ZBcuojnzGy01XIINVeGi64YdStAMMiS6YIdEY8kZzS8KiOi6yi91Z+2S4WDH+B75irWCqQB/NrahRMbmRkseqHBVws"
    "9tMDvwWGkULw1Q45wNxTAVCU9nW5SvROZ6TZUPqbC7GlcbNlxfhAtKNi9PtLHNiQ/7ZZbdz5BvSh+Hjutg52hpKxfrE4xbY6kue/KoTl0gupdJ"
    "TFgd1urArtwZihovrt+XVE8+RYbYeUsph8TbKNfyMLR8SjLvyKS9q/Ei9qa+TMpaqY/BjMs9atfS60CpqUzRZEV9YdsEhamISKjCRsvaZ5THX6"
    "w73TwQG6isxtpei67XUtlZuFCK/TaIl3oJXb8bP3lPYuSpZtbDuWylVTdxxmxAXTZoNu++pzbtQ+EmGr0AYCturhwoxsbEC3EpLPOkduBG2uMK"
    "rf1GxP5N3oxlSk17t3/drN+N25DjUTmcXSvVA+OldlSkX3U6BbhTdaBmYA1hkFUDsLkfkJWBrVsq0gR0qsQVpXVSr4a9ABz+lnkespu6gG9iOk"
    "tnNdfXXXjvyU9zjSJQd/zaDftONPpe6BXS4J1WPuzBv+SSaxVFuEkM7+o2AwREa9pnVk/5NcoHWyMVqBpd53RqIOeyElNSopiZdOjB7ntJOWBm"
    "MhJIZK4NMY2z9a+gynICMOMH6cXwvs5vk/fbtGdpRE7b5FhauPyjrkYBf1scLSmkExFIBADzIe4REgpwEfzQDUuSyJqHV87NZeQZimzexrKE+m"
    "fjtPvNNKirxH415HdaXxItPdXZeMcjz27oI/HFyJSGhrLoXE71GjST5tGmrPhphuXhwKIOt0bkSTh7aR1MW8HBVugNVOPX266Ju2kZuqLprSp1"
    "1bm4LKd9DaioKkkIbrplGYBfNFmvzth507jnuBLPKKmoXrGfF6xbEO5oykpV1Un5ogYSMY4LpIgXlSER4RXnYtzXac6dPLWsRU3rYUccgN9uXf"
    "w7sku+5GK9+wkORbJoFxZBB7eQ0KthRqDGAFrDocXY+FWgvMdjmQ5WSU8CMjCFjn6gh2YuZM4aUaDcO8Wh9IlIeyNEzg0yMLRGNHuj/8YBYTdp"
    "yYbzpZPeF/0ZikLvE/CdqJ9oeLCbW+xdRKNidZW6dzKkQJAH+a+0uLwxK5V2Ch1A3+jHWZFk6tMQcnUj96cj4tbVRpidT7xXhG+u2vecFkna/5"
    "2jvsciDhXmcCzmlsuF+WFsx4FwjkD5ngmESknD8N7MfeNIB6SNHFLSZjlEZAGsLJ+RDzuRBxdH2bny466YwPXiMGJ7c4je+7uDP/B3YMwlCl/g"
    "5liz7WxDCfOOAgYqka/PPeY3mbjuHv6CEwCqX2ds7CvUuKwauD48aSJVdGDk+EIg+zTHGdESqHESsEdvu6IDcS6wISeyYA925LnKCU08MkACtt"
    "99BXZd3+itAh7EBxU+eVHu8zVdAUGKKXLZGQrgHfDuQ7XQaAMG2upLhdCQZ0CCTtU3Z6JyqcWb9A0BmJUpZKf3VwkYBFyEkXOQG9H353HiG0WT"
    "ymlB+2nwg4DJJVZgcrC2m0zUUFtJWccWn2DmkvkrLQ20iNGA1CKou6v2Map7Gi5Oa3zOkESASAKmCdQBxdzEvPqB6sl/hloFVzm6gIS4IuA2HT"
    "foBHZnyvhsjrcjc54jR9IdRQqgUwF3jX3/Gf+mF9rnSg9C3FhZUaLUCm/GRFEsvajlKijl9U3cD+06enQmAlKQX6QDuHFAN/2QOgMwYyh5/RSf"
    "GzQUgG7JidJtPL0u6UH3dkB+IiCC4nDlcZyJcxTmTHqiS2hSj6fMkASgcWBTvMJxX0hLt+PajBWgKULsNbrYSadDkvgYJVRri/m0AfV/fRE=")


def zstd_frame():
    return base64.b64decode(ZSTD_FRAME)


# Key, nonce, additional data, sealed, text: test case 16 of the GCM specification (McGrew, Viega).
GCM = tuple(bytes.fromhex(text) for text in (
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    "cafebabefacedbaddecaf888",
    "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"))

# The tag of 128 KiB of zeros as ciphertext, under a key and a nonce of zeros.
GCM_ZEROS = 128 * 1024
GCM_ZEROS_TAG = bytes.fromhex("584adc7600c54a30f2997cb7d0592133")

# "password", "somesalt", 32 KiB, 2 passes, 2 lanes, 24 bytes.
ARGON2 = bytes.fromhex("f1424386243cddd8aee8a0dd1ceda96539b2b2b56fe62da9")
