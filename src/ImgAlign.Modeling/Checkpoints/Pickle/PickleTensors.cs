namespace ImgAlign.Checkpoints;

/// <summary>Finds the tensors in nested dictionaries.</summary>
internal static class PickleTensors
{
    private const int MostItems = 200_000;
    private const int MostTensors = 100_000;
    private const int DeepestNesting = 32;

    /// <summary>All tensors, named by their keys joined with dots.</summary>
    /// <param name="root">What the pickle holds.</param>
    /// <exception cref="PickleException">There are none, or the dictionaries contain themselves.</exception>
    public static Dictionary<string, PickleTensor> Collect(object? root)
    {
        var tensors = new Dictionary<string, PickleTensor>();
        var items = 0;
        if (root is PickleDictionary dictionary)
            Visit(dictionary, "", 0);
        if (tensors.Count == 0)
            throw new PickleException("it holds no tensors by name.");
        return tensors;

        void Visit(PickleDictionary dictionary, string prefix, int depth)
        {
            if (depth == DeepestNesting)
                throw new PickleException($"its dictionaries are nested more than {DeepestNesting} deep.");
            // Shared dictionaries are visited once for each name; the budget keeps that from growing without bound.
            if ((items += dictionary.Items.Count + 1) > MostItems)
                throw new PickleException($"it holds more than {MostItems} items.");
            var last = new Dictionary<string, object?>();
            foreach (var (key, value) in dictionary.Items)
            {
                if (key is string or long)
                    last[$"{key}"] = value;
            }
            foreach (var (key, value) in last)
            {
                if (value is PickleTensor tensor && !tensors.TryAdd(prefix + key, tensor))
                    throw new PickleException($"tensor '{prefix}{key}' is there twice.");
                if (tensors.Count > MostTensors)
                    throw new PickleException($"it holds more than {MostTensors} tensors.");
                if (value is PickleDictionary inner)
                    Visit(inner, $"{prefix}{key}.", depth + 1);
            }
        }
    }
}
