using ImgAlign.Networks.Llama;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// Qwen2.5's language model is a LLaMA with biases on queries, keys and values; defaults are those of transformers' Qwen2_5_VLTextConfig.
/// </summary>
internal sealed record QwenTextConfig : LlamaConfig
{
    public QwenTextConfig()
    {
        VocabSize = 152064;
        HiddenSize = 8192;
        IntermediateSize = 29568;
        NumHiddenLayers = 80;
        NumAttentionHeads = 64;
        NumKeyValueHeads = 8;
        MaxPositionEmbeddings = 32768;
        RmsNormEps = 1e-5;
        RopeTheta = 1e6;
        AttentionBias = true;
        AttentionOutputBias = false;
    }
}
