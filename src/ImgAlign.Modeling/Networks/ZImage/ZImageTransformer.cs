using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.ZImage;

/// <summary>
/// Z-Image's transformer (diffusers <c>ZImageTransformer2DModel</c>, whose names it has): one stream of picture and caption, after two
/// blocks for each of them alone. Latents at a time of the flow to what is picture less noise in them.
/// </summary>
public sealed class ZImageTransformer : nn.Module<Tensor, Tensor, ZImageConditioning, Tensor>, IBlockNetwork, IParameterHolder
{
    private const string ImagePadName = "x_pad_token",
        CaptionPadName = "cap_pad_token";

    [ComponentName(Name = "all_x_embedder")]
    private readonly ByPatchSize<CompactLinear> imageEmbedder;

    [ComponentName(Name = "all_final_layer")]
    private readonly ByPatchSize<ZImageFinalLayer> finalLayer;

    [ComponentName(Name = "noise_refiner")]
    private readonly ModuleList<ZImageBlock> imageRefiner;

    [ComponentName(Name = "context_refiner")]
    private readonly ModuleList<ZImageBlock> captionRefiner;

    [ComponentName(Name = "t_embedder")]
    private readonly ZImageTimeEmbedding timeEmbedding;

    [ComponentName(Name = "cap_embedder")]
    private readonly Sequential captionEmbedder;

    [ComponentName(Name = ImagePadName)]
    private Parameter imagePad;

    [ComponentName(Name = CaptionPadName)]
    private Parameter captionPad;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<ZImageBlock> layers;

    private readonly BlockSequence<ZImageBlock> blocks;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public ZImageTransformer(ZImageConfig config, Device device)
        : base(nameof(ZImageTransformer))
    {
        Config = config;
        imageEmbedder = new(new CompactLinear(config.PatchWidth, config.Dim, hasBias: true, device));
        finalLayer = new(new ZImageFinalLayer(config, device));
        imageRefiner = Blocks(config.NRefinerLayers, isModulated: true);
        captionRefiner = Blocks(config.NRefinerLayers, isModulated: false);
        timeEmbedding = new ZImageTimeEmbedding(config, device);
        captionEmbedder = nn.Sequential(
            ("0", new RmsNorm(config.CapFeatDim, config.NormEps, device)),
            ("1", new CompactLinear(config.CapFeatDim, config.Dim, hasBias: true, device))
        );
        (imagePad, captionPad) = (Token(), Token());
        layers = Blocks(config.NLayers, isModulated: true);
        blocks = new(layers);
        RegisterComponents();

        ModuleList<ZImageBlock> Blocks(int count, bool isModulated) =>
            nn.ModuleList<ZImageBlock>([.. Enumerable.Range(0, count).Select(_ => new ZImageBlock(config, isModulated, device))]);
        Parameter Token() => new(empty([1, config.Dim], device: device), requires_grad: false);
    }

    /// <summary>The sizes.</summary>
    public ZImageConfig Config { get; }

    BlockSequence IBlockNetwork.Blocks => blocks;

    /// <summary>Computes what all steps of a generation share.</summary>
    /// <param name="captions">The captions' features, <c>[B, L, d]</c>; what is behind a caption's length is not read.</param>
    /// <param name="lengths">The tokens of each caption, at least 1.</param>
    /// <param name="grid">The picture's tokens.</param>
    /// <returns>Disposed by the caller.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape than the configuration asks for, or caption or picture is longer than
    /// there are positions.</exception>
    public ZImageConditioning Prepare(Tensor captions, IReadOnlyList<int> lengths, LatentGrid grid)
    {
        TensorShape.Require(captions, nameof(captions), lengths.Count, null, Config.CapFeatDim);
        TensorDevice.Require(this, imagePad.device, captions);
        var padded = lengths.Select(LatentGrid.PadLength).ToList();
        var (batch, longest) = (lengths.Count, padded.Max());
        long[] reach = [longest + grid.Frames + 1, grid.Rows, grid.Columns];
        if (reach.Zip(Config.AxesLens).Any(static axis => axis.First > axis.Second))
            throw new ArgumentException(
                $"A caption of {longest} tokens and a picture of {grid.Rows} x {grid.Columns} reach beyond the positions "
                    + $"[{string.Join(", ", Config.AxesLens)}] that the network has; shorten the prompt, or draw a smaller picture.",
                nameof(grid)
            );

        using var scope = NewDisposeScope();
        var device = captions.device;
        var rotations = AxialRope.Table(Positions(padded, longest, grid, device), Config.AxesDims, Config.RopeTheta);
        // The last token is repeated to fill a caption up, and then replaced.
        var places = lengths.SelectMany((length, row) => Places(longest, place => row * captions.shape[1] + Math.Min(place, length - 1)));
        var caption = captionEmbedder.call(captions.flatten(0, 1).index_select(0, ToTensor(places))); // [B * M, w]
        var isText = ToTensor(lengths.SelectMany(length => Places(longest, place => place < length ? 1L : 0))).to(@bool).unsqueeze(1);
        caption = caption.where(isText, captionPad).view(batch, longest, -1);
        Tensor? mask = null;
        if (padded.Any(length => length < longest))
        {
            var taking = padded.SelectMany(length =>
                Places(grid.PaddedCount + longest, place => place < grid.PaddedCount + length ? 1L : 0)
            );
            mask = ToTensor(taking).to(@bool).view(batch, 1, 1, -1);
        }
        var step = new ZImageStep(null, rotations.narrow(1, grid.PaddedCount, longest), mask?.narrow(3, grid.PaddedCount, longest));
        foreach (var block in captionRefiner)
            caption = block.call(caption, step);
        return new ZImageConditioning(grid, caption, rotations, mask);

        Tensor ToTensor(IEnumerable<long> values) => tensor(values.ToArray(), device: device);
    }

    /// <summary>Predicts picture less noise, the negative of dx/dsigma.</summary>
    /// <param name="latents"><c>[B, C, F, h, w]</c>.</param>
    /// <param name="time">The time from 0 (noise) to 1 (picture), <c>[1]</c> or <c>[B]</c>.</param>
    /// <param name="conditioning">Made for the same batch and size.</param>
    /// <returns><c>[B, C, F, h, w]</c>.</returns>
    /// <exception cref="ArgumentException">The latents or the time do not fit the configuration or the conditioning.</exception>
    public override Tensor forward(Tensor latents, Tensor time, ZImageConditioning conditioning)
    {
        TensorShape.Require(latents, nameof(latents), conditioning.Batch, Config.InChannels, null, null, null);
        if (LatentGrid.Of(latents) is var given && given != conditioning.Grid)
            throw new ArgumentException(
                $"The latents are {given}, but the conditioning was made for {conditioning.Grid}.",
                nameof(latents)
            );
        TensorDevice.Require(this, imagePad.device, latents);
        TensorDevice.Require(this, imagePad.device, time);
        TensorDevice.Require(this, imagePad.device, conditioning.Caption);

        using var scope = NewDisposeScope();
        var grid = conditioning.Grid;
        var embedded = timeEmbedding.call(time.expand(conditioning.Batch)); // [B, 256]
        var image = imageEmbedder.Layer.call(grid.Pack(latents));
        if (grid.PaddedCount > grid.Count)
        {
            var filler = imagePad.unsqueeze(0).expand(conditioning.Batch, grid.PaddedCount - grid.Count, Config.Dim);
            image = cat([image.narrow(1, 0, grid.Count), filler], 1);
        }
        var own = new ZImageStep(embedded, conditioning.Rotations.narrow(1, 0, grid.PaddedCount), null);
        foreach (var block in imageRefiner)
            image = block.call(image, own);
        var x = cat([image, conditioning.Caption], 1); // [B, N + M, w]
        var step = new ZImageStep(embedded, conditioning.Rotations, conditioning.Mask);
        foreach (var block in blocks.InTurn())
        {
            using var previous = x;
            x = block.call(previous, step);
        }
        return grid.Unpack(finalLayer.Layer.call(x, embedded)).MoveToOuterDisposeScope();
    }

    /// <summary>One modulated block by itself; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are.</param>
    public static nn.Module CreateBlock(ZImageConfig config, Device device) => new ZImageBlock(config, isModulated: true, device);

    /// <summary>Runs a block of <see cref="CreateBlock"/>.</summary>
    /// <param name="block">The block.</param>
    /// <param name="x"><c>[B, N, w]</c>.</param>
    /// <param name="time">The embedded time, <c>[B, 256]</c>.</param>
    /// <param name="rotations"><c>[1 or B, N, 1, dh/2]</c>, complex64.</param>
    public static Tensor RunBlock(nn.Module block, Tensor x, Tensor time, Tensor rotations) =>
        ((ZImageBlock)block).call(x, new ZImageStep(time, rotations, null));

    void IParameterHolder.Assign(string name, Parameter value)
    {
        (name == ImagePadName ? imagePad : captionPad).Dispose();
        if (name == ImagePadName)
            imagePad = value;
        else
            captionPad = value;
        ConditionallyRegisterParameter(name, value);
    }

    // [B, N + M, 3]. What only makes the batch's captions equally long does not take part, wherever it stands.
    private static Tensor Positions(List<int> padded, int longest, LatentGrid grid, Device device)
    {
        var positions = padded.SelectMany(length => grid.Positions(length).Concat(Enumerable.Repeat(0L, 3 * (longest - length))));
        return tensor(positions.ToArray(), [padded.Count, grid.PaddedCount + longest, 3], device: device);
    }

    private static IEnumerable<long> Places(int count, Func<int, long> value) => Enumerable.Range(0, count).Select(value);
}
