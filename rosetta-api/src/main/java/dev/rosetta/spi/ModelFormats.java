package dev.rosetta.spi;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/** The formats at hand, of models and of recorded activations. Immutable and thread-safe. */
public final class ModelFormats {
  private final List<ModelFormat> models = new ArrayList<>();
  private final List<TraceFormat> traces = new ArrayList<>();

  public ModelFormats(Iterable<ModelFormat> models, Iterable<TraceFormat> traces) {
    models.forEach(this.models::add);
    traces.forEach(this.traces::add);
  }

  /** Every format that {@link ServiceLoader} finds. */
  public static ModelFormats load() {
    return new ModelFormats(
        ServiceLoader.load(ModelFormat.class), ServiceLoader.load(TraceFormat.class));
  }

  /**
   * Opens a model by its content.
   *
   * @throws ModelException if the path cannot be read, no format recognises it, or several do
   */
  public ModelSource open(Path path) {
    FileHead head = head(path);
    List<ModelFormat> matching = recognizing(head);
    if (matching.size() == 1) {
      return matching.getFirst().open(path);
    }
    if (!matching.isEmpty()) {
      throw new ModelException(
          ErrorCode.UNKNOWN_FORMAT,
          path,
          "several formats claim it: "
              + String.join(", ", matching.stream().map(ModelFormat::name).toList()));
    }
    if (trace(path).isPresent()) {
      throw new ModelException(
          ErrorCode.UNKNOWN_FORMAT,
          path,
          "this is a recorded trace, not a model; a trace can only be a side of a comparison");
    }
    throw new ModelException(ErrorCode.UNKNOWN_FORMAT, path, 0, describe(head));
  }

  /**
   * Opens an adapter, a folder beside a model.
   *
   * @throws ModelException if the path cannot be read, or holds no adapter
   */
  public ModelSource openAdapter(Path path) {
    head(path);
    return models.stream()
        .flatMap(format -> format.openAdapter(path).stream())
        .findFirst()
        .orElseThrow(
            () ->
                new ModelException(
                    ErrorCode.UNKNOWN_FORMAT, path, "no format at hand has adapters"));
  }

  /**
   * The formats whose models {@code path} begins like; opening it fails unless it is one.
   *
   * @throws ModelException if the path cannot be read
   */
  public List<ModelFormat> recognizing(Path path) {
    return recognizing(head(path));
  }

  private List<ModelFormat> recognizing(FileHead head) {
    return models.stream().filter(format -> format.recognizes(head)).toList();
  }

  /** The trace format that recognises {@code path}; empty if it is no recorded trace. */
  public Optional<TraceFormat> trace(Path path) {
    FileHead head = head(path);
    return traces.stream().filter(format -> format.recognizes(head)).findFirst();
  }

  private String describe(FileHead head) {
    String known = String.join(", ", models.stream().map(ModelFormat::name).sorted().toList());
    if (head.directory()) {
      return "a directory that holds no model; known formats: " + known;
    }
    if (head.bytes().length == 0) {
      return "the file is empty";
    }
    if (head.startsWith("PK")) {
      return "a zip archive, as PyTorch's .bin, .pth and .pt files are; they can run code and are"
          + " not opened: save the model as SafeTensors";
    }
    int shown = Math.min(8, head.bytes().length);
    return "unknown format, it starts with bytes "
        + HexFormat.ofDelimiter(" ").formatHex(head.bytes(), 0, shown)
        + "; known formats: "
        + known;
  }

  private static FileHead head(Path path) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (attributes.isDirectory()) {
        return new FileHead(path, true, 0, new byte[0]);
      }
      // Before opening: a FIFO would block for ever.
      if (!attributes.isRegularFile()) {
        throw new ModelException(
            ErrorCode.NOT_A_FILE, path, "neither a regular file nor a directory");
      }
      try (InputStream in = Files.newInputStream(path)) {
        return new FileHead(path, false, attributes.size(), in.readNBytes(FileHead.MAX_BYTES));
      }
    } catch (NoSuchFileException e) {
      throw new ModelException(
          ErrorCode.NOT_FOUND, path, -1, "no such file or directory; check the path", e);
    } catch (AccessDeniedException e) {
      throw new ModelException(
          ErrorCode.UNREADABLE, path, -1, "permission denied; check the file's mode and owner", e);
    } catch (IOException e) {
      throw new ModelException(ErrorCode.UNREADABLE, path, -1, "cannot be read: " + e, e);
    }
  }
}
