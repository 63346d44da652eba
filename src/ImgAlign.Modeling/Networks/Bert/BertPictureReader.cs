using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Bert;

/// <summary>
/// A BERT whose layers also look at a picture (BLIP's <c>BertModel</c>, <c>mode="multimodal"</c>): ids <c>[B, N]</c>, mask <c>[B, N]</c>
/// (1 where there is text) and the picture's features <c>[B, P, E]</c> to states <c>[B, N, D]</c>.
/// </summary>
public sealed class BertPictureReader : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "embeddings")]
    private readonly BertEmbeddings embeddings;

    [ComponentName(Name = "encoder")]
    private readonly BertEncoder encoder;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="pictureWidth">The width of the picture's features, E.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public BertPictureReader(BertConfig config, long pictureWidth, Device device)
        : base(nameof(BertPictureReader))
    {
        embeddings = new BertEmbeddings(config, device);
        encoder = new BertEncoder(config, pictureWidth, device);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor ids, Tensor mask, Tensor picture)
    {
        TensorDevice.Require(this, picture.device, ids);
        TensorDevice.Require(this, picture.device, mask);
        using var scope = NewDisposeScope();
        var isText = mask.to(@bool).view(mask.shape[0], 1, 1, -1);
        return encoder.call(embeddings.call(ids), isText, picture).MoveToOuterDisposeScope();
    }
}
