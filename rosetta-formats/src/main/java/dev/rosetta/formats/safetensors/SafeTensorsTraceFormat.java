package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.ElementCodec;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.MappedFile;
import dev.rosetta.spi.TraceFormat;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.Trace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Recorded activations in a SafeTensors file: tensors named as capture points, of any float type,
 * {@code [tokens, …]} or {@code [1, tokens, …]}, and optionally the ids as integers {@code tokens}.
 */
public final class SafeTensorsTraceFormat implements TraceFormat {

  /** Used by {@link java.util.ServiceLoader}. */
  public SafeTensorsTraceFormat() {}

  @Override
  public String name() {
    return "SafeTensors trace";
  }

  @Override
  public boolean recognizes(FileHead head) {
    return !head.directory() && HeaderNames.isTrace(head);
  }

  @Override
  public Trace open(Path path) {
    try (MappedFile file = MappedFile.open(path)) {
      Header header = Header.read(file, 0);
      refuseDamage(path, header);
      int[] ids = new int[0];
      Optional<TensorInfo> tokens = named(header, HeaderNames.TOKENS);
      if (tokens.isPresent()) {
        ids = ids(file, tokens.get());
      }
      long positions = tokens.isPresent() ? ids.length : positions(header, path);
      ElementCodecs codecs = ElementCodecs.load();
      SortedMap<CapturePoint, Activation> points = new TreeMap<>();
      for (TensorInfo tensor : header.tensors()) {
        if (tensor.name().equals(HeaderNames.TOKENS)) {
          continue;
        }
        CapturePoint point =
            CapturePoint.parse(tensor.name())
                .orElseThrow(() -> malformed(path, tensor, "is no capture point"));
        points.put(point, activation(file, tensor, positions, codecs));
      }
      return new Trace(ids, points);
    }
  }

  private static void refuseDamage(Path path, Header header) {
    for (SourceNote note : header.notes()) {
      if (note.severity() == Severity.ERROR) {
        throw new ModelException(ErrorCode.valueOf(note.code()), path, note.message());
      }
    }
  }

  private static Optional<TensorInfo> named(Header header, String name) {
    return header.tensors().stream().filter(tensor -> tensor.name().equals(name)).findFirst();
  }

  private static int[] ids(MappedFile file, TensorInfo tensor) {
    boolean wide = tensor.type() == ElementType.I64;
    if (!wide && tensor.type() != ElementType.I32) {
      throw malformed(file.path(), tensor, "has the type " + tensor.type() + ", not I32 or I64");
    }
    ByteBuffer bytes = ByteBuffer.wrap(bytes(file, tensor)).order(ByteOrder.LITTLE_ENDIAN);
    int[] ids = new int[(int) tensor.elements()];
    for (int i = 0; i < ids.length; i++) {
      long id = wide ? bytes.getLong() : bytes.getInt();
      if (id < 0 || id > Integer.MAX_VALUE) {
        throw malformed(file.path(), tensor, "holds " + id + ", which is no token id");
      }
      ids[i] = (int) id;
    }
    return ids;
  }

  /** The number of positions where no ids state it: that of the tensors with two dimensions. */
  private static long positions(Header header, Path path) {
    for (TensorInfo tensor : header.tensors()) {
      if (tensor.dims().size() == 2) {
        return tensor.dims().getFirst();
      }
    }
    throw new ModelException(
        ErrorCode.MALFORMED,
        path,
        "no tensor \"tokens\" and none of two dimensions says how many positions were recorded");
  }

  private static Activation activation(
      MappedFile file, TensorInfo tensor, long positions, ElementCodecs codecs) {
    List<Long> dims = tensor.dims();
    if (dims.size() > 2 && dims.get(0) == 1 && dims.get(1) == positions) {
      dims = dims.subList(1, dims.size()); // a batch of one
    }
    if (dims.size() < 2 || dims.getFirst() != positions) {
      throw new ModelException(
          ErrorCode.SHAPE_MISMATCH,
          file.path(),
          "%s has the shape %s; %d positions were recorded"
              .formatted(Quoted.quote(tensor.name()), tensor.dims(), positions));
    }
    ElementCodec codec =
        tensor.type().kind() == ElementType.Kind.FLOAT
            ? codecs.codec(tensor.type()).orElse(null)
            : null;
    if (codec == null) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
          file.path(),
          Quoted.quote(tensor.name()) + " is " + tensor.type() + "; save activations as F32");
    }
    float[] values = new float[(int) tensor.elements()];
    codec.decode(bytes(file, tensor), 0, values, 0, values.length);
    int width = positions == 0 ? 0 : (int) (values.length / positions);
    return new Activation((int) positions, width, values);
  }

  private static byte[] bytes(MappedFile file, TensorInfo tensor) {
    if (tensor.byteSize() > Integer.MAX_VALUE - 8) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          file.path(),
          Quoted.quote(tensor.name())
              + " has "
              + tensor.byteSize()
              + " bytes; record fewer tokens");
    }
    return file.readBytes(tensor.offset(), (int) tensor.byteSize());
  }

  private static ModelException malformed(Path path, TensorInfo tensor, String fault) {
    return new ModelException(
        ErrorCode.MALFORMED, path, "tensor " + Quoted.quote(tensor.name()) + " " + fault);
  }
}
