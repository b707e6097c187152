package dev.rosetta.formats.gguf;

import dev.rosetta.formats.gguf.Header.DirectoryEntry;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Places the tensors of one file: offsets aligned, inside the file, without overlap. Data that is
 * cut off leaves the directory readable and becomes a note; anything else that is impossible is
 * refused.
 */
final class DirectoryCheck {
  private final MappedFile file;
  private final int fileIndex;
  private final Header header;
  private final List<SourceNote> notes = new ArrayList<>();

  private DirectoryCheck(MappedFile file, int fileIndex, Header header) {
    this.file = file;
    this.fileIndex = fileIndex;
    this.header = header;
  }

  /** The tensors in file order; findings are added to {@code notes}. */
  static List<TensorInfo> place(
      MappedFile file, int fileIndex, Header header, List<SourceNote> notes) {
    DirectoryCheck check = new DirectoryCheck(file, fileIndex, header);
    List<TensorInfo> tensors = check.place();
    notes.addAll(check.notes);
    return tensors;
  }

  private List<TensorInfo> place() {
    List<TensorInfo> tensors = new ArrayList<>();
    long expected = header.dataStart();
    boolean inOrder = true;
    for (DirectoryEntry entry : header.tensors()) {
      long start = start(entry);
      boolean cumulative = start == expected;
      inOrder &= cumulative;
      checkInside(entry, start, cumulative);
      long end = end(entry, start);
      if (cumulative) {
        expected = roundUp(end);
      }
      if (entry.name().getBytes(java.nio.charset.StandardCharsets.UTF_8).length
          > Limits.GGML_NAME_BYTES) {
        note(
            Severity.WARNING,
            "NAME_TOO_LONG",
            entry.name(),
            "the name is longer than the "
                + Limits.GGML_NAME_BYTES
                + " bytes that llama.cpp reads");
      }
      tensors.add(
          new TensorInfo(
              entry.name(),
              entry.type(),
              entry.dims(),
              BlockLayout.ROW_ALIGNED,
              1f,
              fileIndex,
              start,
              entry.byteSize()));
    }
    if (!inOrder) {
      note(
          Severity.WARNING,
          "DATA_NOT_CONTIGUOUS",
          null,
          "tensor data does not follow the order of the directory without gaps; llama.cpp refuses"
              + " such files");
    }
    checkOverlapAndTail(tensors);
    return tensors;
  }

  private long start(DirectoryEntry entry) {
    if (entry.offset() < 0 || entry.offset() > Long.MAX_VALUE - header.dataStart()) {
      throw new ModelException(
          ErrorCode.TENSOR_OUT_OF_BOUNDS,
          file.path(),
          entry.at(),
          "tensor '"
              + entry.name()
              + "' has the offset "
              + Long.toUnsignedString(entry.offset())
              + ", beyond any file");
    }
    if (entry.offset() % header.alignment() != 0) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          file.path(),
          entry.at(),
          "tensor '"
              + entry.name()
              + "' has the offset "
              + entry.offset()
              + ", no multiple of the alignment "
              + header.alignment()
              + " (key 'general.alignment')");
    }
    return header.dataStart() + entry.offset();
  }

  private void checkInside(DirectoryEntry entry, long start, boolean cumulative) {
    long available = Math.max(0, file.size() - start);
    if (entry.byteSize() <= available) {
      return;
    }
    note(
        Severity.ERROR,
        (cumulative ? ErrorCode.FILE_TRUNCATED : ErrorCode.TENSOR_OUT_OF_BOUNDS).name(),
        entry.name(),
        "tensor '"
            + entry.name()
            + "' needs "
            + entry.byteSize()
            + " bytes at byte "
            + start
            + ", the file has "
            + available
            + " there"
            + (cumulative ? "; it is cut off: copy or download it again" : ""));
  }

  private long end(DirectoryEntry entry, long start) {
    try {
      return Math.addExact(start, entry.byteSize());
    } catch (ArithmeticException e) {
      throw new ModelException(
          ErrorCode.TENSOR_OUT_OF_BOUNDS,
          file.path(),
          entry.at(),
          "tensor '" + entry.name() + "' ends beyond any file",
          e);
    }
  }

  /** The next tensor's place; the last one's padding may pass the largest offset there is. */
  private long roundUp(long end) {
    long padding = Math.floorMod(header.dataStart() - end, header.alignment());
    return end > Long.MAX_VALUE - padding ? Long.MAX_VALUE : end + padding;
  }

  private void checkOverlapAndTail(List<TensorInfo> tensors) {
    List<TensorInfo> sorted =
        tensors.stream()
            .filter(tensor -> tensor.byteSize() > 0)
            .sorted(Comparator.comparingLong(TensorInfo::offset))
            .toList();
    for (int i = 1; i < sorted.size(); i++) {
      TensorInfo before = sorted.get(i - 1);
      TensorInfo after = sorted.get(i);
      if (after.offset() - before.offset() < before.byteSize()) {
        throw new ModelException(
            ErrorCode.TENSOR_OUT_OF_BOUNDS,
            file.path(),
            after.offset(),
            "tensors '" + before.name() + "' and '" + after.name() + "' share bytes of the data");
      }
    }
    if (!sorted.isEmpty()) {
      TensorInfo last = sorted.getLast();
      long trailing = file.size() - last.offset() - last.byteSize();
      if (trailing >= header.alignment()) {
        note(
            Severity.WARNING,
            "TRAILING_BYTES",
            null,
            trailing + " bytes follow the last tensor '" + last.name() + "'; they are not read");
      }
    }
  }

  private void note(
      Severity severity,
      String code,
      @org.jspecify.annotations.Nullable String tensor,
      String text) {
    notes.add(new SourceNote(severity, code, tensor, text));
  }
}
