package dev.rosetta.formats.gguf;

import dev.rosetta.formats.TensorData;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Buffered little-endian output that knows how much it has written. Not thread-safe. */
final class ByteSink {
  private final WritableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
  private long flushed;

  ByteSink(WritableByteChannel channel) {
    this.channel = channel;
  }

  long position() {
    return flushed + buffer.position();
  }

  void u8(int value) throws IOException {
    reserve(1).put((byte) value);
  }

  void u16(int value) throws IOException {
    reserve(2).putShort((short) value);
  }

  void u32(long value) throws IOException {
    reserve(4).putInt((int) value);
  }

  void i64(long value) throws IOException {
    reserve(8).putLong(value);
  }

  void string(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    i64(bytes.length);
    for (int done = 0; done < bytes.length; ) {
      int length = Math.min(bytes.length - done, reserve(1).remaining());
      buffer.put(bytes, done, length);
      done += length;
    }
  }

  void value(GgufValue value) throws IOException {
    u32(value.type().id());
    if (value.elementType() == null) {
      scalar(value.type(), value.value());
      return;
    }
    List<?> elements = (List<?>) value.value();
    u32(value.elementType().id());
    i64(elements.size());
    for (Object element : elements) {
      scalar(value.elementType(), element);
    }
  }

  private void scalar(ValueType type, Object value) throws IOException {
    switch (type) {
      case U8, I8 -> u8(((Long) value).intValue());
      case U16, I16 -> u16(((Long) value).intValue());
      case U32, I32 -> u32((Long) value);
      case U64, I64 -> i64(value instanceof BigInteger big ? big.longValue() : (Long) value);
      case F32 -> u32(Float.floatToIntBits(((Double) value).floatValue()));
      case F64 -> i64(Double.doubleToLongBits((Double) value));
      case BOOL -> u8((Boolean) value ? 1 : 0);
      case STRING -> string((String) value);
      case ARRAY -> throw new IllegalArgumentException("arrays are not nested");
    }
  }

  /** Writes zeros up to the next multiple of {@code alignment}. */
  void pad(int alignment) throws IOException {
    while (position() % alignment != 0) {
      u8(0);
    }
  }

  /** Writes tensor data and returns how many bytes it was. */
  long data(TensorData data) throws IOException {
    flush();
    Counting counting = new Counting();
    data.writeTo(counting);
    flushed += counting.bytes;
    return counting.bytes;
  }

  void flush() throws IOException {
    buffer.flip();
    flushed += buffer.remaining();
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }

  private ByteBuffer reserve(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  /** The channel as tensor data sees it; closing it does nothing. */
  private final class Counting implements WritableByteChannel {
    private long bytes;

    @Override
    public int write(ByteBuffer source) throws IOException {
      int written = channel.write(source);
      bytes += written;
      return written;
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() {}
  }
}
