package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** aprender's and realizar's {@code .apr} files. */
public final class AprFormat implements ModelFormat {
  static final String NAME = "APR";

  /** For {@link java.util.ServiceLoader}. */
  public AprFormat() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean recognizes(FileHead head) {
    return head.startsWith("APR\0") || head.startsWith("APR2");
  }

  @Override
  public ModelSource open(Path path) {
    Image image = Image.Mapped.open(path);
    try {
      return openFile(path, image);
    } catch (RuntimeException e) {
      image.close();
      throw e;
    }
  }

  private static ModelSource openFile(Path path, Image image) {
    if (image.size() < V2Header.BYTES) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          path,
          image.size(),
          "the file has " + image.size() + " bytes, an APR header has 64");
    }
    String magic = new String(image.readBytes(0, 4), StandardCharsets.ISO_8859_1);
    if (!magic.equals("APR\0") && !magic.equals("APR2")) {
      throw new ModelException(ErrorCode.UNKNOWN_FORMAT, path, 0, "no APR magic");
    }
    V2Container container = V2Container.read(image, 0);
    return new AprSource(
        path,
        List.of(image),
        new JsonMetadata(container.metadata()),
        container.tensors(),
        container.notes());
  }
}
