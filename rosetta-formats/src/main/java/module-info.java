/** Readers and writers of GGUF, SafeTensors and APR, and the codecs of their element types. */
module dev.rosetta.formats {
  requires transitive dev.rosetta;
  requires tools.jackson.core;

  exports dev.rosetta.formats;
  exports dev.rosetta.formats.gguf;
  exports dev.rosetta.formats.quant;
  exports dev.rosetta.formats.apr;
  exports dev.rosetta.formats.safetensors;
  exports dev.rosetta.formats.convert;
  exports dev.rosetta.formats.synth;

  provides dev.rosetta.spi.ElementCodec with
      dev.rosetta.formats.quant.AprQ4Codec,
      dev.rosetta.formats.quant.AprQ8Codec,
      dev.rosetta.formats.quant.BF16Codec,
      dev.rosetta.formats.quant.F16Codec,
      dev.rosetta.formats.quant.F32Codec,
      dev.rosetta.formats.quant.F64Codec,
      dev.rosetta.formats.quant.F8Codecs.E4M3,
      dev.rosetta.formats.quant.F8Codecs.E4M3Fnuz,
      dev.rosetta.formats.quant.F8Codecs.E5M2,
      dev.rosetta.formats.quant.F8Codecs.E5M2Fnuz,
      dev.rosetta.formats.quant.F8Codecs.E8M0,
      dev.rosetta.formats.quant.IQ1_MCodec,
      dev.rosetta.formats.quant.IQ1_SCodec,
      dev.rosetta.formats.quant.IQ2_SCodec,
      dev.rosetta.formats.quant.IQ2_XSCodec,
      dev.rosetta.formats.quant.IQ2_XXSCodec,
      dev.rosetta.formats.quant.IQ3_SCodec,
      dev.rosetta.formats.quant.IQ3_XXSCodec,
      dev.rosetta.formats.quant.IQ4_NLCodec,
      dev.rosetta.formats.quant.IQ4_XSCodec,
      dev.rosetta.formats.quant.IntegerCodecs.OfBool,
      dev.rosetta.formats.quant.IntegerCodecs.OfI16,
      dev.rosetta.formats.quant.IntegerCodecs.OfI32,
      dev.rosetta.formats.quant.IntegerCodecs.OfI64,
      dev.rosetta.formats.quant.IntegerCodecs.OfI8,
      dev.rosetta.formats.quant.IntegerCodecs.OfU16,
      dev.rosetta.formats.quant.IntegerCodecs.OfU32,
      dev.rosetta.formats.quant.IntegerCodecs.OfU64,
      dev.rosetta.formats.quant.IntegerCodecs.OfU8,
      dev.rosetta.formats.quant.MXFP4Codec,
      dev.rosetta.formats.quant.NVFP4Codec,
      dev.rosetta.formats.quant.Q1_0Codec,
      dev.rosetta.formats.quant.Q2_0Codec,
      dev.rosetta.formats.quant.Q2_KCodec,
      dev.rosetta.formats.quant.Q3_KCodec,
      dev.rosetta.formats.quant.Q4_0Codec,
      dev.rosetta.formats.quant.Q4_1Codec,
      dev.rosetta.formats.quant.Q4_KCodec,
      dev.rosetta.formats.quant.Q5_0Codec,
      dev.rosetta.formats.quant.Q5_1Codec,
      dev.rosetta.formats.quant.Q5_KCodec,
      dev.rosetta.formats.quant.Q6_KCodec,
      dev.rosetta.formats.quant.Q8_0Codec,
      dev.rosetta.formats.quant.TQ1_0Codec,
      dev.rosetta.formats.quant.TQ2_0Codec;
  provides dev.rosetta.spi.ModelFormat with
      dev.rosetta.formats.apr.AprFormat,
      dev.rosetta.formats.gguf.GgufFormat,
      dev.rosetta.formats.safetensors.SafeTensorsFormat;
  provides dev.rosetta.spi.TraceFormat with
      dev.rosetta.formats.apr.AprtDump,
      dev.rosetta.formats.safetensors.SafeTensorsTraceFormat;
}
