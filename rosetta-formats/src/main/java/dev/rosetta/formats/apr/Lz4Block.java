package dev.rosetta.formats.apr;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A raw LZ4 block: sequences of a token (literal length, match length - 4, four bits each, 15
 * continued by bytes up to one below 255), literals, a 16-bit distance and the match; the last
 * sequence ends after its literals.
 */
final class Lz4Block implements CompressedContent {
  private static final int MIN_MATCH = 4;

  private final Image image;
  private final long start;
  private final long end;

  Lz4Block(Image image, long start, long end) {
    this.image = image;
    this.start = start;
    this.end = end;
  }

  @Override
  public long expandedSize(long limit) {
    return run(null, limit);
  }

  @Override
  public void expand(MemorySegment target) {
    run(target, target.byteSize());
  }

  private long run(@Nullable MemorySegment target, long limit) {
    Cursor in = new Cursor(image, start, end);
    long written = 0;
    while (true) {
      int token = in.u8("an LZ4 token");
      long literals = length(in, token >>> 4);
      in.need(literals, "LZ4 literals");
      requireRoom(in, written, literals, limit);
      if (target != null) {
        image.read(in.position(), target.asSlice(written, literals), literals);
      }
      in.advance(literals);
      written += literals;
      if (in.remaining() == 0) {
        return written;
      }
      int distance = in.u16("an LZ4 distance");
      if (distance == 0 || distance > written) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            image.path(),
            in.position() - 2,
            "LZ4 distance " + distance + " after " + written + " bytes");
      }
      long match = length(in, token & 15) + MIN_MATCH;
      requireRoom(in, written, match, limit);
      if (target != null) {
        copyMatch(target, written, distance, match);
      }
      written += match;
    }
  }

  private static long length(Cursor in, int nibble) {
    long length = nibble;
    if (nibble == 15) {
      int more;
      do {
        more = in.u8("an LZ4 length");
        length += more;
      } while (more == 255);
    }
    return length;
  }

  /** A match may overlap what it produces; what is there already doubles with each copy. */
  static void copyMatch(MemorySegment target, long to, long distance, long length) {
    long from = to - distance;
    long done = 0;
    while (done < length) {
      long count = Math.min(length - done, distance + done);
      MemorySegment.copy(target, from, target, to + done, count);
      done += count;
    }
  }

  private void requireRoom(Cursor in, long written, long length, long limit) {
    if (length > limit - written) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          image.path(),
          in.position(),
          "the LZ4 block expands to more than " + limit + " bytes");
    }
  }
}
