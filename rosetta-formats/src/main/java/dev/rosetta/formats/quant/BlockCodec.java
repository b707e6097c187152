package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Decodes a type whose elements come in blocks, one block after the other. */
abstract class BlockCodec extends CheckedCodec {
  BlockCodec(ElementType type) {
    super(type);
  }

  @Override
  final void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
    int blockElements = type().blockElements();
    int blockBytes = type().blockBytes();
    for (int done = 0; done < elements; done += blockElements) {
      decodeBlock(blocks, at, target, to + done);
      at += blockBytes;
    }
  }

  /** Decodes the block at byte {@code at} to {@code target[to…]}. */
  abstract void decodeBlock(byte[] blocks, int at, float[] target, int to);
}
