package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;

/** Checks the ranges of a V2 container's tensors, and the checksum that follows them. */
final class V2Data {
  static final int ALIGNMENT = 64;

  /** Larger files are not read as a whole at open. */
  static final long MAX_VERIFIED_BYTES = 256L << 20;

  private V2Data() {}

  /** The bytes that a tensor takes, the scale in front of an APR_Q8 tensor included. */
  private record Range(TensorInfo tensor, long start, long end) {
    static Range of(TensorInfo tensor) {
      boolean scaled = tensor.type() == ElementType.APR_Q8 && tensor.byteSize() > 0;
      return new Range(
          tensor, tensor.offset() - (scaled ? 4 : 0), tensor.offset() + tensor.byteSize());
    }
  }

  /** {@code base + offset}, or the largest {@code long} where that overflows. */
  static long absolute(long base, long offset) {
    return offset < 0 || offset > Long.MAX_VALUE - base ? Long.MAX_VALUE : base + offset;
  }

  static long align(long size) {
    return size > Long.MAX_VALUE - ALIGNMENT ? size : -Math.floorDiv(-size, ALIGNMENT) * ALIGNMENT;
  }

  /** Adds a note for everything that is odd or wrong about where the data lies. */
  static void check(
      Image image, V2Header header, List<TensorInfo> tensors, List<SourceNote> notes) {
    long dataOffset = header.dataOffset();
    List<Range> inside = inside(image, dataOffset, tensors, notes);
    boolean ordered = true;
    boolean aligned = dataOffset % ALIGNMENT == 0;
    for (int i = 0; i < inside.size(); i++) {
      ordered &= i == 0 || inside.get(i).start() >= inside.get(i - 1).start();
      aligned &= (inside.get(i).start() - dataOffset) % ALIGNMENT == 0;
    }
    if (!ordered) {
      notes.add(
          AprNote.DATA_REORDERED.file("tensor data is stored in another order than the index"));
    }
    if (!aligned) {
      notes.add(AprNote.DATA_UNALIGNED.file("tensor data does not begin at multiples of 64 bytes"));
    }
    checkSorted(image, dataOffset, inside, tensors.size(), notes);
  }

  /** Adds a note for each tensor that is outside the image. */
  static void noteOutside(
      Image image, long dataOffset, List<TensorInfo> tensors, List<SourceNote> notes) {
    inside(image, dataOffset, tensors, notes);
  }

  /** Adds notes for ranges that are outside the image or overlap, and for a wrong checksum. */
  static void checkRanges(
      Image image, long dataOffset, List<TensorInfo> tensors, List<SourceNote> notes) {
    List<Range> inside = inside(image, dataOffset, tensors, notes);
    checkSorted(image, dataOffset, inside, tensors.size(), notes);
  }

  private static void checkSorted(
      Image image, long dataOffset, List<Range> inside, int tensors, List<SourceNote> notes) {
    inside.sort(Comparator.comparingLong(Range::start).thenComparingLong(Range::end));
    noteOverlaps(inside, notes);
    long end = noteGaps(dataOffset, inside, notes);
    if (inside.size() == tensors) {
      checkEnd(image, dataOffset, end, notes);
    }
  }

  private static List<Range> inside(
      Image image, long dataOffset, List<TensorInfo> tensors, List<SourceNote> notes) {
    long packed = dataOffset;
    for (TensorInfo tensor : tensors) {
      packed = absolute(packed, align(absolute(tensor.byteSize(), 4)));
    }
    List<Range> inside = new ArrayList<>();
    long size = image.size();
    for (TensorInfo tensor : tensors) {
      if (tensor.offset() <= size && tensor.byteSize() <= size - tensor.offset()) {
        inside.add(Range.of(tensor));
        continue;
      }
      String where =
          "its "
              + tensor.byteSize()
              + " bytes begin at byte "
              + tensor.offset()
              + ", the file has "
              + size;
      // Data that would fit if all tensors lay side by side was cut off; other offsets are wrong.
      boolean cut = tensor.offset() <= packed && tensor.byteSize() <= packed - tensor.offset();
      notes.add(
          cut
              ? AprNote.FILE_TRUNCATED.tensor(
                  tensor.name(), where + "; copy or download the file again")
              : AprNote.TENSOR_OUT_OF_BOUNDS.tensor(tensor.name(), where));
    }
    return inside;
  }

  private static void noteOverlaps(List<Range> sorted, List<SourceNote> notes) {
    Set<String> noted = new HashSet<>();
    Range furthest = null;
    for (Range range : sorted) {
      if (range.start() == range.end()) {
        continue;
      }
      if (furthest != null && range.start() < furthest.end()) {
        noteOverlap(furthest, range, noted, notes);
        noteOverlap(range, furthest, noted, notes);
      }
      if (furthest == null || range.end() > furthest.end()) {
        furthest = range;
      }
    }
  }

  private static void noteOverlap(
      Range range, Range other, Set<String> noted, List<SourceNote> notes) {
    if (noted.add(range.tensor().name())) {
      notes.add(
          AprNote.TENSOR_OUT_OF_BOUNDS.tensor(
              range.tensor().name(),
              "its bytes "
                  + range.start()
                  + " to "
                  + range.end()
                  + " overlap those of "
                  + Quoted.quote(other.tensor().name())));
    }
  }

  /** Returns the end of the last tensor. */
  private static long noteGaps(long dataOffset, List<Range> sorted, List<SourceNote> notes) {
    long end = dataOffset;
    long unreferenced = 0;
    long first = -1;
    for (Range range : sorted) {
      if (range.start() - end >= ALIGNMENT) {
        first = first < 0 ? end : first;
        unreferenced += range.start() - end;
      }
      end = Math.max(end, range.end());
    }
    if (unreferenced > 0) {
      notes.add(
          AprNote.BYTES_UNREFERENCED.file(
              unreferenced + " bytes between tensors belong to none, first at byte " + first));
    }
    return end;
  }

  /** A checksum may follow the last tensor, with or without padding before it. */
  private static void checkEnd(Image image, long dataOffset, long end, List<SourceNote> notes) {
    long size = image.size();
    long padded = dataOffset + align(end - dataOffset);
    boolean footer = size == end + 4 || size == padded + 4 || size == align(end) + 4;
    if (footer) {
      verifyFooter(image, notes);
    } else if (size > Math.max(padded, align(end))) {
      notes.add(
          AprNote.BYTES_UNREFERENCED.file(
              "the last tensor ends at byte "
                  + end
                  + ", the file at "
                  + size
                  + "; what lies between is no padding and checksum, and is not verified"));
    } else {
      notes.add(AprNote.FOOTER_MISSING.file("no checksum follows the tensor data"));
    }
  }

  /** Compares the last four bytes with the checksum of those before. */
  static void verifyFooter(Image image, List<SourceNote> notes) {
    long length = image.size() - 4;
    if (image instanceof Expansion expansion && expansion.prefix() > 0) {
      notes.add(
          AprNote.FOOTER_NOT_VERIFIED.file(
              "the checksum at the end was not compared: what it covers is undefined where only the"
                  + " content is compressed"));
      return;
    }
    if (length > MAX_VERIFIED_BYTES) {
      notes.add(
          AprNote.FOOTER_NOT_VERIFIED.file(
              "the checksum of the whole file was not compared: "
                  + length
                  + " bytes are more than the "
                  + MAX_VERIFIED_BYTES
                  + " that are read at open"));
      return;
    }
    int stored =
        ByteBuffer.wrap(image.readBytes(length, 4)).order(ByteOrder.LITTLE_ENDIAN).getInt();
    int computed = crc(image, 0, length);
    if (stored != computed) {
      notes.add(
          AprNote.CHECKSUM_MISMATCH.file(
              String.format(
                  "the checksum at the end of the file is %08x, its bytes give %08x: the file was"
                      + " changed or damaged after it was written",
                  stored, computed)));
    }
  }

  /** CRC32 of {@code [start, end)}, computed on copies: see {@link Image}. */
  static int crc(Image image, long start, long end) {
    CRC32 crc = new CRC32();
    byte[] chunk = new byte[(int) Math.min(Math.max(0, end - start), 1 << 20)];
    MemorySegment target = MemorySegment.ofArray(chunk);
    for (long done = start; done < end; done += chunk.length) {
      int count = (int) Math.min(end - done, chunk.length);
      image.read(done, target, count);
      crc.update(chunk, 0, count);
    }
    return (int) crc.getValue();
  }
}
