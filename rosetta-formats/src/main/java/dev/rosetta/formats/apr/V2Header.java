package dev.rosetta.formats.apr;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The first 64 bytes of a V2 container, checked against each other and the size of the image.
 *
 * <pre>
 *  0  4  magic              8  4  tensor count        24 8  index offset
 *  4  1  major = 2         12  8  metadata offset=64  32 8  data offset
 *  5  1  minor             20  4  metadata size       40 4  CRC32 of [0,40) and [44,64), or 0
 *  6  2  flags                                        44 20 zeros
 * </pre>
 */
record V2Header(int flags, long tensorCount, int metadataSize, long indexOffset, long dataOffset) {
  static final int BYTES = 64;
  static final int LZ4 = 0x0001;
  static final int ZSTD = 0x0002;
  static final int SHARDED = 0x0010;
  static final int ROW_MAJOR = 0x0400;

  /** A tokenizer of 256,000 entries with its merges takes some 30 MiB. */
  static final int MAX_METADATA_BYTES = 64 << 20;

  /** Some 600,000 tensors. */
  static final int MAX_INDEX_BYTES = 64 << 20;

  private static final int ENCRYPTED = 0x0004;
  private static final int SIGNED = 0x0008;
  private static final int COLUMN_MAJOR = 0x0800;
  private static final int KNOWN_FLAGS = 0x0fff;

  /** Smallest index entry: two bytes of name length, a name, type, rank, offset and size. */
  private static final int MIN_ENTRY_BYTES = 21;

  /**
   * Checks what can be told from the header alone.
   *
   * @param bytes the first 64 bytes
   * @throws ModelException if the file must not be read
   */
  static V2Header parse(byte[] bytes, Path path, List<SourceNote> notes) {
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes[4] != 2) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_VERSION,
          path,
          4,
          "APR container version " + (bytes[4] & 0xff) + "; version 2 can be read");
    }
    int flags = header.getShort(6) & 0xffff;
    refuseFlags(flags, path);
    noteOddities(bytes, flags, notes);
    checkCrc(bytes, header.getInt(40), notes);
    long metadataOffset = header.getLong(12);
    if (metadataOffset != BYTES) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          path,
          12,
          "metadata offset " + Long.toUnsignedString(metadataOffset) + " at byte 12 is not 64");
    }
    long metadataSize = header.getInt(20) & 0xffff_ffffL;
    if (metadataSize > MAX_METADATA_BYTES) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          path,
          20,
          "metadata size " + metadataSize + " at byte 20; the limit is " + MAX_METADATA_BYTES);
    }
    return new V2Header(
        flags,
        header.getInt(8) & 0xffff_ffffL,
        (int) metadataSize,
        header.getLong(24),
        header.getLong(32));
  }

  /**
   * Checks the sections against each other and the image.
   *
   * @param imageSize bytes of the image, header included
   */
  void checkSections(long imageSize, Path path) {
    if (Long.compareUnsigned(indexOffset, (long) BYTES + metadataSize) < 0) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          path,
          24,
          "index offset "
              + Long.toUnsignedString(indexOffset)
              + " at byte 24 lies inside the metadata, which ends at "
              + (BYTES + metadataSize));
    }
    if (Long.compareUnsigned(dataOffset, indexOffset) < 0) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          path,
          32,
          "data offset "
              + Long.toUnsignedString(dataOffset)
              + " at byte 32 lies before the index at "
              + Long.toUnsignedString(indexOffset));
    }
    if (Long.compareUnsigned(dataOffset, imageSize) > 0) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          path,
          32,
          "data begins at byte "
              + Long.toUnsignedString(dataOffset)
              + " (stated at byte 32) but there are only "
              + imageSize
              + " bytes; copy or download the file again");
    }
    long indexBytes = dataOffset - indexOffset;
    if (indexBytes > MAX_INDEX_BYTES) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          path,
          24,
          "a tensor index of " + indexBytes + " bytes; the limit is " + MAX_INDEX_BYTES);
    }
    if (tensorCount > indexBytes / MIN_ENTRY_BYTES) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          path,
          8,
          "tensor count "
              + tensorCount
              + " at byte 8, but the index of "
              + indexBytes
              + " bytes has room for "
              + indexBytes / MIN_ENTRY_BYTES);
    }
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  static int crc(byte[] header) {
    CRC32 crc = new CRC32();
    crc.update(header, 0, 40);
    crc.update(header, 44, BYTES - 44);
    return (int) crc.getValue();
  }

  private static void refuseFlags(int flags, Path path) {
    if ((flags & ENCRYPTED) != 0) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_VERSION,
          path,
          6,
          "the file says it is encrypted (flag 0x0004 at byte 6); decrypt it first");
    }
    if ((flags & COLUMN_MAJOR) != 0) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_VERSION,
          path,
          6,
          "the file says its tensors are column-major (flag 0x0800 at byte 6), which no APR reader"
              + " supports; convert the model again with a current aprender");
    }
  }

  private static void noteOddities(byte[] bytes, int flags, List<SourceNote> notes) {
    if (bytes[3] == '2') {
      notes.add(AprNote.MAGIC_APR2.file("magic APR2, written before 18 January 2026"));
    }
    if (bytes[5] != 0) {
      notes.add(
          AprNote.MINOR_VERSION_UNKNOWN.file(
              "container version 2." + (bytes[5] & 0xff) + " is read as 2.0"));
    }
    if ((flags & ~KNOWN_FLAGS) != 0) {
      notes.add(
          AprNote.FLAGS_UNKNOWN.file(
              String.format("flags 0x%04x at byte 6 have bits of unknown meaning", flags)));
    }
    if ((flags & SIGNED) != 0) {
      notes.add(AprNote.FLAGS_UNKNOWN.file("the SIGNED flag is set; no signature is verified"));
    }
    for (int i = 44; i < BYTES; i++) {
      if (bytes[i] != 0) {
        notes.add(AprNote.RESERVED_BYTES_SET.file("reserved header byte " + i + " is not zero"));
        break;
      }
    }
  }

  private static void checkCrc(byte[] bytes, int stored, List<SourceNote> notes) {
    int computed = crc(bytes);
    if (stored == 0) {
      notes.add(AprNote.HEADER_UNCHECKED.file("the header carries no checksum (0 at byte 40)"));
    } else if (stored != computed) {
      notes.add(
          AprNote.CHECKSUM_MISMATCH.file(
              String.format(
                  "the header's checksum at byte 40 is %08x, its bytes give %08x: the header was"
                      + " changed or damaged after it was written",
                  stored, computed)));
    }
  }
}
