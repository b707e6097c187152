package dev.rosetta.formats.apr;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.MappedFile;
import dev.rosetta.spi.TraceFormat;
import dev.rosetta.trace.Trace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * aprender's activation dumps: a directory of {@code <stage>.bin} and {@code
 * layer-<N>/<stage>.bin}, each {@code APRT}, {@code u32} layer (2^32-1 for the whole model), {@code
 * u32} count, float32 values. No shape is stored: it follows from the model's configuration, or,
 * for a directory without one, from stages whose sizes determine the number of tokens.
 */
public final class AprtDump implements TraceFormat {
  private static final int HEADER_BYTES = 12;
  private static final long WHOLE_MODEL = 0xffff_ffffL;
  private static final Pattern LAYER = Pattern.compile("layer-(\\d{1,6})");
  private static final String SUFFIX = ".bin";

  /**
   * One dumped stage.
   *
   * @param name its name, taken from the file's: {@code ffn_gate}
   * @param layer 0-based layer, or -1 for the whole model
   * @param values in the order of the file; not to be modified
   */
  public record Stage(Path file, String name, int layer, float[] values) {}

  /** For {@link java.util.ServiceLoader}. */
  public AprtDump() {}

  @Override
  public String name() {
    return "APRT";
  }

  @Override
  public boolean recognizes(FileHead head) {
    if (!head.directory()) {
      return head.startsWith("APRT");
    }
    try {
      for (Path file : stageFiles(head.path())) {
        if (isDump(file)) {
          return true;
        }
      }
      return false;
    } catch (ModelException | IOException e) {
      return false;
    }
  }

  private static boolean isDump(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (var in = Files.newInputStream(file)) {
      return ByteBuffer.wrap(in.readNBytes(4)).equals(ByteBuffer.wrap("APRT".getBytes(US_ASCII)));
    }
  }

  @Override
  public Trace open(Path path) {
    List<Stage> stages = stages(path);
    return new AprtShapes(path, stages, null).trace(stages);
  }

  @Override
  public Trace open(Path path, ModelConfig config) {
    List<Stage> stages = stages(path);
    return new AprtShapes(path, stages, config).trace(stages);
  }

  /**
   * The stages of a dump directory, or of one file, as they are.
   *
   * @throws ModelException if a file is damaged or a directory holds no dump
   */
  public static List<Stage> stages(Path path) {
    try {
      if (!Files.isDirectory(path)) {
        return List.of(stage(path));
      }
      List<Stage> stages = new ArrayList<>();
      for (Path file : stageFiles(path)) {
        if (isDump(file)) {
          stages.add(stage(file));
        }
      }
      if (stages.isEmpty()) {
        throw new ModelException(
            ErrorCode.UNKNOWN_FORMAT, path, "no APRT dump is in this directory");
      }
      return stages;
    } catch (IOException e) {
      throw new ModelException(ErrorCode.UNREADABLE, path, -1, "cannot be read: " + e, e);
    }
  }

  private static List<Path> stageFiles(Path directory) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (isStageName(entry)) {
          files.add(entry);
        } else if (LAYER.matcher(fileName(entry)).matches() && Files.isDirectory(entry)) {
          try (DirectoryStream<Path> layer = Files.newDirectoryStream(entry)) {
            for (Path file : layer) {
              if (isStageName(file)) {
                files.add(file);
              }
            }
          }
        }
      }
    }
    files.sort(null);
    return files;
  }

  private static boolean isStageName(Path file) {
    return fileName(file).endsWith(SUFFIX);
  }

  private static String fileName(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static Stage stage(Path file) {
    try (MappedFile mapped = MappedFile.open(file)) {
      byte[] head = mapped.readBytes(0, HEADER_BYTES);
      ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
      if (!new String(head, 0, 4, ISO_8859_1).equals("APRT")) {
        throw new ModelException(ErrorCode.UNKNOWN_FORMAT, file, 0, "no APRT magic");
      }
      long layer = fields.getInt(4) & 0xffff_ffffL;
      long count = fields.getInt(8) & 0xffff_ffffL;
      long bytes = count * Float.BYTES;
      if (bytes != mapped.size() - HEADER_BYTES) {
        throw new ModelException(
            bytes > mapped.size() - HEADER_BYTES ? ErrorCode.FILE_TRUNCATED : ErrorCode.MALFORMED,
            file,
            8,
            "says it holds "
                + count
                + " values, "
                + (mapped.size() - HEADER_BYTES)
                + " bytes follow the header");
      }
      if (bytes > Integer.MAX_VALUE - HEADER_BYTES) {
        throw new ModelException(
            ErrorCode.LIMIT_EXCEEDED, file, 8, count + " values; the limit is 2 GiB of them");
      }
      float[] values = new float[(int) count];
      ByteBuffer.wrap(mapped.readBytes(HEADER_BYTES, (int) bytes))
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(values);
      String name = fileName(file);
      name = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
      return new Stage(file, name, checkedLayer(file, layer), values);
    }
  }

  /** The header's layer, which must be that of the folder. */
  private static int checkedLayer(Path file, long stated) {
    int layer = stated == WHOLE_MODEL ? -1 : (int) Math.min(stated, Integer.MAX_VALUE);
    Path parent = file.toAbsolutePath().getParent();
    Matcher folder = LAYER.matcher(parent == null ? "" : fileName(parent));
    if (folder.matches() && Integer.parseInt(folder.group(1)) != layer) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          file,
          4,
          "lies in "
              + Quoted.quote(folder.group())
              + " but says it is "
              + (layer < 0 ? "of the whole model" : "of layer " + layer));
    }
    return layer;
  }
}
