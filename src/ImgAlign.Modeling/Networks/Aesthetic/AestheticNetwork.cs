using System.Globalization;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Aesthetic;

/// <summary>
/// LAION's aesthetic predictor: linear layers, with nothing between them, from an image embedding <c>[B, p]</c> to a rating <c>[B]</c>.
/// </summary>
public sealed class AestheticNetwork : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layers")]
    private readonly ModuleList<CompactLinear> layers;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="widths">The width of the embedding, and of each layer's output; the last one is 1.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public AestheticNetwork(IReadOnlyList<long> widths, Device device)
        : base(nameof(AestheticNetwork))
    {
        var sizes = widths.Zip(widths.Skip(1));
        layers = nn.ModuleList<CompactLinear>([.. sizes.Select(size => new CompactLinear(size.First, size.Second, hasBias: true, device))]);
        RegisterComponents();
    }

    /// <summary>The predictor of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public static CheckpointPart Find(Checkpoint file) => CheckpointPart.Find(file, "aesthetic predictor", new Landmark(WeightOf(0)));

    /// <summary>The widths that a predictor has.</summary>
    /// <param name="part">Its tensors; no data is read.</param>
    /// <exception cref="CheckpointException">Its layers do not follow on each other, or do not end in one number.</exception>
    public static IReadOnlyList<long> ReadWidths(Checkpoint part)
    {
        var widths = new List<long>();
        foreach (var name in Places(part).Select(WeightOf))
        {
            var shape = part.Tensors[name].Shape;
            if (shape is not [var outputs, var inputs] || (widths.Count > 0 && inputs != widths[^1]))
            {
                throw part.Fault(
                    name,
                    $"has the shape [{string.Join(", ", shape)}], which does not fit the layer before; is this an aesthetic predictor?"
                );
            }
            if (widths.Count == 0)
                widths.Add(inputs);
            widths.Add(outputs);
        }
        if (widths[^1] == 1)
            return widths;
        throw part.Fault(WeightOf(Places(part)[^1]), $"gives {widths[^1]} numbers, not one rating; is this an aesthetic predictor?");
    }

    /// <summary>How the parameters are named in a file, whose numbers count the layers without parameters between them, too.</summary>
    /// <param name="part">The predictor's tensors; no data is read.</param>
    public static WeightMap Names(Checkpoint part)
    {
        var places = Places(part);
        return new WeightMap(name =>
            name.Split('.') is ["layers", var layer, var kind]
                ? new WeightSource.Whole($"layers.{places[int.Parse(layer, CultureInfo.InvariantCulture)]}.{kind}")
                : throw new ArgumentException($"'{name}' is not a parameter of an aesthetic predictor.", nameof(name))
        );
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor embedding)
    {
        TensorDevice.Require(this, layers[0].Weight.device, embedding);
        using var scope = NewDisposeScope();
        var x = embedding;
        foreach (var layer in layers)
            x = layer.call(x);
        return x.squeeze(-1).MoveToOuterDisposeScope();
    }

    private static string WeightOf(int place) => $"layers.{place}.weight";

    private static List<int> Places(Checkpoint part) =>
        [
            .. part
                .Tensors.Keys.Select(static name => name.Split('.') is ["layers", var place, "weight"] ? place : "")
                .Where(static place => place.Length > 0 && place.All(char.IsAsciiDigit))
                .Select(static place => int.Parse(place, CultureInfo.InvariantCulture))
                .Order(),
        ];
}
