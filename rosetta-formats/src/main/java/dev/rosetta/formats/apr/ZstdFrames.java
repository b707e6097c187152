package dev.rosetta.formats.apr;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Zstandard frames (RFC 8878) without dictionaries. The frame size that a header may state bounds
 * nothing here: output is counted as it is produced. A content checksum is skipped.
 */
final class ZstdFrames implements CompressedContent {
  private static final long MAGIC = 0xFD2FB528L;
  private static final long SKIPPABLE_MAGIC = 0x184D2A50L;
  private static final int RAW = 0;
  private static final int RLE = 1;
  private static final int COMPRESSED = 2;

  private final Image image;
  private final long start;
  private final long end;

  ZstdFrames(Image image, long start, long end) {
    this.image = image;
    this.start = start;
    this.end = end;
  }

  @Override
  public long expandedSize(long limit) {
    return run(new Output(image, null, limit));
  }

  @Override
  public void expand(MemorySegment target) {
    run(new Output(image, target, target.byteSize()));
  }

  private long run(Output output) {
    Cursor in = new Cursor(image, start, end);
    do {
      long magic = in.u32("a Zstandard frame");
      if ((magic & ~15L) == SKIPPABLE_MAGIC) {
        long length = in.u32("a skippable frame");
        in.skip(length, "a skippable frame");
      } else if (magic == MAGIC) {
        frame(in, output);
      } else {
        throw malformed(in, "bytes that begin no frame");
      }
    } while (in.remaining() > 0);
    return output.written();
  }

  private void frame(Cursor in, Output output) {
    int descriptor = in.u8("a frame header");
    boolean singleSegment = (descriptor & 0x20) != 0;
    if ((descriptor & 0x08) != 0) {
      throw malformed(in, "a reserved bit in a frame header");
    }
    if (!singleSegment) {
      in.skip(1, "the window size");
    }
    if ((descriptor & 3) != 0) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_VERSION,
          image.path(),
          in.position(),
          "Zstandard content that needs a dictionary");
    }
    int sizeFlag = descriptor >> 6;
    in.skip(sizeFlag == 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag, "the frame size");
    ZstdBlocks blocks = new ZstdBlocks(output);
    boolean last;
    do {
      int header = in.u8("a block header") | in.u16("a block header") << 8;
      last = (header & 1) != 0;
      block(in, header >> 1 & 3, header >> 3, blocks, output);
    } while (!last);
    if ((descriptor & 0x04) != 0) {
      in.skip(4, "the content checksum");
    }
  }

  private void block(Cursor in, int type, int size, ZstdBlocks blocks, Output output) {
    if (size > ZstdBlocks.MAX_BYTES || type > COMPRESSED) {
      throw malformed(in, "a block of type " + type + " and " + size + " bytes");
    }
    if (type == RLE) {
      output.fill(in.u8("a repeated byte"), size);
      return;
    }
    in.need(size, "a block");
    byte[] bytes = image.readBytes(in.position(), size);
    long origin = in.position();
    in.advance(size);
    if (type == RAW) {
      output.append(bytes, 0, size);
    } else {
      blocks.decode(new ZstdInput(image.path(), origin, bytes));
    }
  }

  private ModelException malformed(Cursor in, String what) {
    return new ModelException(
        ErrorCode.MALFORMED, image.path(), in.position(), "Zstandard content with " + what);
  }

  /** Counts what is produced, and keeps it where there is a target. */
  static final class Output {
    private final Image image;
    private final @Nullable MemorySegment target;
    private final long limit;
    private long written;

    Output(Image image, @Nullable MemorySegment target, long limit) {
      this.image = image;
      this.target = target;
      this.limit = limit;
    }

    long written() {
      return written;
    }

    void append(byte[] source, int from, int count) {
      requireRoom(count);
      if (target != null) {
        MemorySegment.copy(source, from, target, ValueLayout.JAVA_BYTE, written, count);
      }
      written += count;
    }

    void fill(int value, int count) {
      requireRoom(count);
      if (target != null) {
        target.asSlice(written, count).fill((byte) value);
      }
      written += count;
    }

    /** Repeats what was written {@code distance} bytes before; it may overlap what it produces. */
    void repeat(long distance, int count) {
      requireRoom(count);
      if (target != null) {
        Lz4Block.copyMatch(target, written, distance, count);
      }
      written += count;
    }

    private void requireRoom(int count) {
      if (count > limit - written) {
        throw new ModelException(
            ErrorCode.LIMIT_EXCEEDED,
            image.path(),
            "the Zstandard content expands to more than " + limit + " bytes");
      }
    }
  }
}
