package dev.rosetta.golden;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Reads NumPy's {@code .npz}: a zip of {@code .npy} files, here of little-endian floats. */
final class Npz {
  private static final Pattern SHAPE = Pattern.compile("'shape': \\(([^)]*)\\)");

  /** An array in C order. */
  record Array(int[] shape, double[] values) {}

  private Npz() {}

  static Map<String, Array> read(Path path) throws IOException {
    Map<String, Array> arrays = new LinkedHashMap<>();
    try (ZipFile zip = new ZipFile(path.toFile())) {
      Enumeration<? extends ZipEntry> entries = zip.entries();
      while (entries.hasMoreElements()) {
        ZipEntry entry = entries.nextElement();
        byte[] bytes = zip.getInputStream(entry).readAllBytes();
        arrays.put(entry.getName().replace(".npy", ""), parse(bytes));
      }
    }
    return arrays;
  }

  private static Array parse(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int headerLength = buffer.getShort(8) & 0xffff;
    String header = new String(bytes, 10, headerLength, StandardCharsets.ISO_8859_1);
    Matcher matcher = SHAPE.matcher(header);
    boolean wide = header.contains("'<f8'");
    if (!matcher.find() || !(wide || header.contains("'<f4'")) || !header.contains("False")) {
      throw new IllegalArgumentException("not an array of floats in C order: " + header);
    }
    String[] dims = matcher.group(1).split(", *");
    int[] shape = new int[dims.length];
    int count = 1;
    for (int i = 0; i < dims.length; i++) {
      shape[i] = Integer.parseInt(dims[i]);
      count *= shape[i];
    }
    double[] values = new double[count];
    buffer.position(10 + headerLength);
    for (int i = 0; i < count; i++) {
      values[i] = wide ? buffer.getDouble() : buffer.getFloat();
    }
    return new Array(shape, values);
  }
}
