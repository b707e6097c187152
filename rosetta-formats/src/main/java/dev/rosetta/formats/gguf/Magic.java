package dev.rosetta.formats.gguf;

import java.nio.charset.StandardCharsets;

/** The first four bytes of ggml's files, from before GGUF as well. */
enum Magic {
  GGUF("GGUF", "GGUF"),
  PRE_RELEASE("FUGG", "a pre-release of GGUF"),
  GGML("lmgg", "GGML, which GGUF replaced in 2023"),
  GGMF("fmgg", "GGMF, which GGUF replaced in 2023"),
  GGJT("tjgg", "GGJT, which GGUF replaced in 2023"),
  NONE("", "no GGUF");

  private final String ascii;
  private final String description;

  Magic(String ascii, String description) {
    this.ascii = ascii;
    this.description = description;
  }

  /** The magic that {@code head} starts with. */
  static Magic of(byte[] head) {
    String start = new String(head, 0, Math.min(4, head.length), StandardCharsets.ISO_8859_1);
    for (Magic magic : values()) {
      if (magic == NONE || start.equals(magic.ascii)) {
        return magic;
      }
    }
    throw new AssertionError("NONE fits any bytes");
  }

  /** Why a file that starts with it is refused. */
  String refusal() {
    return "the file is "
        + description
        + " by its first four bytes; convert it to GGUF version 3 with llama.cpp's scripts";
  }
}
