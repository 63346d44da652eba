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
        foreach (var (path, _, _, parameter) in ModuleParameters.Enumerate(network).Where(static parameter => !parameter.IsDerived))
        {
            var source = map.Resolve(path);
            var expected = source.ExpectedShapes(parameter.shape);
            foreach (var (name, shape) in source.Names.Zip(expected))
            {
                used.Add(name);
                if (!checkpoint.Tensors.TryGetValue(name, out var info))
                    throw checkpoint.Fault(name,
                        $"is missing; {network.GetName()} needs it with shape {TensorInfo.FormatShape(shape)}. Is this the checkpoint of another model?");
                if (!info.Shape.SequenceEqual(shape))
                    throw checkpoint.Fault(name,
                        $"has shape {info.ShapeText} but {network.GetName()} needs {TensorInfo.FormatShape(shape)}; {Fit}");
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
    public static void Bind(torch.nn.Module network, Checkpoint checkpoint, WeightMap map, torch.ScalarType? type = null, torch.Device? device = null)
    {
        Verify(network, checkpoint, map);
        Bind(network, checkpoint, map, type, device ?? torch.CPU, static _ => true);
    }

    /// <summary>Replaces the parameters of some layers, of a network and checkpoint that have been found to fit.</summary>
    internal static void Bind(torch.nn.Module network, Checkpoint checkpoint, WeightMap map, torch.ScalarType? type, torch.Device device, Predicate<torch.nn.Module> isWanted)
    {
        using var noGrad = torch.no_grad();
        var parameters = ModuleParameters.Enumerate(network).Where(parameter => !parameter.IsDerived && isWanted(parameter.Owner)).ToList();
        // Pages that have been read stay in memory as long as there is a view of the file. Where most weights are kept in another form, none is needed.
        var leavesFile = parameters.Exists(static parameter => parameter.HasOwnType);
        foreach (var parameter in parameters)
        {
            using (torch.NewDisposeScope())
            {
                var source = map.Resolve(parameter.Path);
                var tensors = source.Names.Select(checkpoint.Read).ToList();
                Assign(parameter, source.Combine(tensors, parameter.Value.shape), type, device, copy: leavesFile);
            }
            if (leavesFile) checkpoint.ReleasePages();
        }
    }

    private static void Assign(NetworkParameter parameter, torch.Tensor value, torch.ScalarType? type, torch.Device device, bool copy)
    {
        if (parameter is { HasOwnType: true, Owner: ICompactLayer layer })
        {
            foreach (var (name, part) in layer.Compact(value.to(device))) ModuleParameters.Assign(parameter.Owner, name, part);
            return;
        }
        ModuleParameters.Assign(parameter.Owner, parameter.Name, value.to(type ?? value.dtype, copy: copy).to(device));
    }
}
