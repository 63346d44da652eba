using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>Gives a network its weights: all names and shapes are checked before any data is read, then parameter by parameter.</summary>
public static class CheckpointBinder
{
    private const string Fit = "do config and weights belong together?";

    /// <summary>Checks that the checkpoint holds exactly what the network needs; reads no data.</summary>
    /// <param name="network">A network, usually on the meta device.</param>
    /// <param name="checkpoint">Where the weights come from.</param>
    /// <param name="map">How the network's parameters are named there.</param>
    /// <exception cref="CheckpointException">A tensor is missing, is not expected, or has another shape.</exception>
    public static void Verify(torch.nn.Module network, Checkpoint checkpoint, WeightMap map)
    {
        var used = new HashSet<string>();
        foreach (var parameter in ModuleParameters.Enumerate(network).Where(static parameter => !parameter.IsDerived))
        {
            var source = map.Resolve(parameter.Path);
            var expected = source.ExpectedShapes(parameter.Shape);
            foreach (var (name, shape) in source.Names.Zip(expected))
            {
                used.Add(name);
                if (!checkpoint.Tensors.TryGetValue(name, out var info))
                    throw checkpoint.Fault(
                        name,
                        $"is missing; {network.GetName()} needs it with shape {TensorInfo.FormatShape(shape)}. Is this the "
                            + "checkpoint of another model?"
                    );
                if (!info.Shape.SequenceEqual(shape))
                    throw checkpoint.Fault(
                        name,
                        $"has shape {info.ShapeText} but {network.GetName()} needs {TensorInfo.FormatShape(shape)}; {Fit}"
                    );
            }
        }
        foreach (var name in checkpoint.Tensors.Keys)
        {
            if (!used.Contains(name) && !map.IsIgnored(name))
                throw checkpoint.Fault(name, $"is not part of {network.GetName()}; {Fit}");
        }
    }

    /// <summary>Checks the checkpoint, then replaces every parameter of the network by its weights.</summary>
    /// <param name="network">A network on the meta device; on an exception from the check it is unchanged.</param>
    /// <param name="checkpoint">Where the weights come from.</param>
    /// <param name="map">How the network's parameters are named there.</param>
    /// <param name="type">The type to run in; null keeps the file's. Weights of that type on the CPU stay views of the mapped file.</param>
    /// <param name="device">Where to run; null is the CPU.</param>
    /// <exception cref="CheckpointException">A tensor is missing, is not expected, has another shape, or cannot be read.</exception>
    public static void Bind(
        torch.nn.Module network,
        Checkpoint checkpoint,
        WeightMap map,
        torch.ScalarType? type = null,
        torch.Device? device = null
    )
    {
        Verify(network, checkpoint, map);
        Bind(network, checkpoint, map, type, device ?? torch.CPU, keepsViews: false, static _ => true);
    }

    /// <summary>Replaces the parameters of some layers, of a network and checkpoint that have been found to fit.</summary>
    /// <param name="network">The network.</param>
    /// <param name="checkpoint">Where the weights come from.</param>
    /// <param name="map">How the network's parameters are named there.</param>
    /// <param name="type">The type to run in; null keeps the file's.</param>
    /// <param name="device">Where the weights are to be.</param>
    /// <param name="keepsViews">Whether weights that can stay views of the file do so, of the file's type.</param>
    /// <param name="isWanted">Which layers.</param>
    /// <param name="onRead">Given the number of elements of each parameter that has been read; what it throws ends the reading.</param>
    internal static void Bind(
        torch.nn.Module network,
        Checkpoint checkpoint,
        WeightMap map,
        torch.ScalarType? type,
        torch.Device device,
        bool keepsViews,
        Predicate<torch.nn.Module> isWanted,
        Action<long>? onRead = null
    )
    {
        using var noGrad = torch.no_grad();
        var parameters = ModuleParameters.Enumerate(network).Where(parameter => !parameter.IsDerived && isWanted(parameter.Owner)).ToList();
        // Pages that have been read stay in memory as long as there is a view of the file. Where most weights are kept in another form,
        // none is needed.
        var leavesFile = parameters.Exists(parameter =>
            parameter.IsWeight && parameter.Form != map.Resolve(parameter.Path).FormIn(checkpoint)
        );
        foreach (var parameter in parameters)
        {
            var count = parameter.ElementCount;
            using (torch.NewDisposeScope())
            {
                var source = map.Resolve(parameter.Path);
                if (parameter is { IsWeight: true, Form: { } form, Owner: ICompactLayer layer })
                {
                    // What the file has in the very form that it is kept in is taken as it is.
                    var weight =
                        source.FormIn(checkpoint) == form
                            ? source.ReadCompact(checkpoint, parameter.Shape)
                            : form.Compress(Read(parameter, source, checkpoint).to(device));
                    foreach (var (name, part) in layer.PartsOf(weight))
                        ModuleParameters.Assign(parameter.Owner, name, part.to(device));
                }
                else
                {
                    var value = Read(parameter, source, checkpoint);
                    var isView = source.IsView(checkpoint);
                    var kept = type is null || (keepsViews && isView) ? value.dtype : type.Value;
                    ModuleParameters.Assign(parameter.Owner, parameter.Name, value.to(kept, copy: leavesFile && isView).to(device));
                }
            }
            if (leavesFile)
                checkpoint.ReleasePages();
            onRead?.Invoke(count);
        }
    }

    private static torch.Tensor Read(NetworkParameter parameter, WeightSource source, Checkpoint checkpoint) =>
        source.Combine([.. source.Names.Select(checkpoint.Read)], parameter.Shape);
}
