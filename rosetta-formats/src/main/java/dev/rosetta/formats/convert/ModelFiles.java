package dev.rosetta.formats.convert;

import dev.rosetta.formats.AtomicFiles;
import dev.rosetta.formats.TensorData;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.apr.AprWriter;
import dev.rosetta.formats.gguf.GgufWriter;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.formats.safetensors.SafeTensorsWriter;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes a model as GGUF, APR or a Hugging Face directory. */
public final class ModelFiles {
  private final FileFormat format;
  private final Recoding recoding;
  private final Set<String> notes = new LinkedHashSet<>();

  private ModelFiles(FileFormat format, Recoding recoding) {
    this.format = format;
    this.recoding = recoding;
  }

  /**
   * The files that {@link #write} creates or replaces. SafeTensors comes with {@code config.json}
   * and {@code tokenizer.json}: in the directory {@code target}, or beside it where its name ends
   * in {@code .safetensors}.
   */
  public static List<Path> files(Path target, FileFormat format) {
    if (format != FileFormat.SAFETENSORS) {
      return List.of(target);
    }
    Path weights = weights(target);
    return List.of(
        weights,
        weights.resolveSibling(HuggingFaceFiles.CONFIG),
        weights.resolveSibling(HuggingFaceFiles.TOKENIZER),
        weights.resolveSibling(HuggingFaceFiles.TOKENIZER_CONFIG));
  }

  /**
   * Creates or replaces the files of one model, all of them or none. Element types that the format
   * lacks are written as F32.
   *
   * @return what could not be carried over, one sentence each
   * @throws ModelException if a file cannot be written; then all are as they were
   * @throws IllegalArgumentException if a type can be neither stored nor decoded
   */
  public static List<String> write(Path target, FileFormat format, ModelContent content) {
    return write(target, format, content, () -> {});
  }

  /**
   * As {@link #write(Path, FileFormat, ModelContent)}.
   *
   * @param condition called once all is written and before any of it appears; nothing does if it
   *     throws
   */
  static List<String> write(
      Path target, FileFormat format, ModelContent content, Runnable condition) {
    ModelFiles model = new ModelFiles(format, new Recoding());
    List<TensorEntry> tensors = model.entries(content);
    try (AtomicFiles files =
        format == FileFormat.SAFETENSORS
            ? AtomicFiles.in(weights(target).resolveSibling(""))
            : AtomicFiles.begin()) {
      switch (format) {
        case GGUF ->
            files.write(target, GgufWriter.content(GgufMetadataOf.content(content), tensors));
        case APR -> files.write(target, AprWriter.content(AprMetadataOf.content(content), tensors));
        case SAFETENSORS -> model.writeFolder(files, weights(target), content, tensors);
      }
      condition.run();
      files.commit();
    }
    return List.copyOf(model.notes);
  }

  private void writeFolder(
      AtomicFiles files, Path weights, ModelContent content, List<TensorEntry> tensors) {
    HuggingFaceFiles.Result beside = HuggingFaceFiles.of(content);
    notes.addAll(beside.notes());
    for (Path file : files(weights, format)) {
      boolean written =
          file.equals(weights) || beside.contents().containsKey(String.valueOf(file.getFileName()));
      if (!written && Files.exists(file)) {
        throw new ModelException(
            ErrorCode.NOT_WRITABLE,
            file,
            "belongs to another model and would be taken for a part of this one, which has no such"
                + " file; remove it or choose another folder");
      }
    }
    files.write(weights, SafeTensorsWriter.content(weights, Map.of("format", "pt"), tensors));
    beside
        .contents()
        .forEach(
            (name, json) ->
                files.write(weights.resolveSibling(name), TensorData.of(json)::writeTo));
  }

  private static Path weights(Path target) {
    return String.valueOf(target.getFileName()).endsWith(".safetensors")
        ? target
        : target.resolve("model.safetensors");
  }

  private List<TensorEntry> entries(ModelContent content) {
    ModelFacts facts = content.facts();
    List<RoleTensor> tensors = new ArrayList<>(content.tensors());
    if (format == FileFormat.APR && facts.tied()) {
      // aprender's importers and realizar's loader want the head spelt out.
      content.tensors().stream()
          .filter(tensor -> tensor.role().equals(TensorRole.weight(Part.EMBEDDING)))
          .map(
              tensor ->
                  new RoleTensor(
                      TensorRole.weight(Part.OUTPUT), tensor.type(), tensor.dims(), tensor.rows()))
          .forEach(tensors::add);
    }
    if (format == FileFormat.GGUF) {
      List<String> lost =
          facts.ropeScaling() == null ? List.of() : RopeScaling.notInGguf(facts.ropeScaling());
      if (!lost.isEmpty()) {
        notes.add(
            "of the rotary scaling: "
                + lost.stream().map(Quoted::escape).collect(Collectors.joining(", ")));
      }
      Llama3Frequencies.of(facts).ifPresent(tensors::add);
    }
    List<TensorEntry> entries = new ArrayList<>();
    for (RoleTensor tensor : tensors) {
      entries.add(entry(tensor, facts));
    }
    for (TensorEntry other : content.others()) {
      if (format.holds(other.type())) {
        entries.add(other);
        notes.add(
            "'" + Quoted.escape(other.name()) + "' has no known role; it keeps its name and bytes");
      } else {
        notes.add(
            "'"
                + Quoted.escape(other.name())
                + "' ("
                + other.type()
                + ") has no known role and is left out");
      }
    }
    return entries;
  }

  private TensorEntry entry(RoleTensor tensor, ModelFacts facts) {
    TensorRole role = tensor.role();
    RoleTensor stored = tensor;
    if (!format.holds(tensor.type())
        || tensor.columns() % tensor.type().blockElements() != 0 && format == FileFormat.GGUF) {
      stored = recoding.recode(tensor, ElementType.F32);
      notes.add(
          format
              + " cannot hold "
              + tensor.type()
              + "; such tensors are decoded to F32, value for"
              + " value");
    }
    boolean interleaved =
        format == FileFormat.GGUF
            && facts.architecture().equals("llama")
            && (role.part() == Part.Q || role.part() == Part.K);
    String name = format == FileFormat.GGUF ? RoleNames.gguf(role) : RoleNames.huggingFace(role);
    TensorData data;
    if (interleaved && stored.dims().size() == 1) {
      data = TensorData.of(interleavedBias(stored, facts.headDim()));
    } else {
      data =
          RowStream.of(
              stored,
              interleaved ? HeadRows.halfSplitOrder(stored.rowCount(), facts.headDim()) : null);
    }
    return new TensorEntry(name, stored.type(), stored.dims(), stored.byteSize(), data);
  }

  /** A bias is one row; its elements follow the rows of its weight. */
  private static byte[] interleavedBias(RoleTensor bias, int headDim) {
    byte[] canonical = new byte[bias.rowBytes()];
    bias.rows().read(0, canonical, 0);
    return permuted(canonical, bias.columns(), HeadRows.halfSplitOrder(bias.columns(), headDim));
  }

  /** Elements in another order: element i of the result is element {@code order[i]}. */
  static byte[] permuted(byte[] elements, int count, int[] order) {
    int width = elements.length / count;
    byte[] result = new byte[elements.length];
    for (int i = 0; i < count; i++) {
      System.arraycopy(elements, order[i] * width, result, i * width, width);
    }
    return result;
  }
}
