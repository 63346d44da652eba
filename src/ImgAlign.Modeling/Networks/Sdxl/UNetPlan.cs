namespace ImgAlign.Networks.Sdxl;

/// <summary>One residual block of the UNet and the transformer behind it.</summary>
/// <param name="InChannels">Channels in, those of a skip connection included.</param>
/// <param name="OutChannels">Channels out.</param>
/// <param name="TransformerLayers">Layers of the transformer, or null where there is none.</param>
internal sealed record UNetLayerPlan(int InChannels, int OutChannels, int? TransformerLayers);

/// <summary>One block of the UNet: what a resolution does.</summary>
/// <param name="Layers">Its residual blocks, in order.</param>
/// <param name="Heads">Attention heads of its transformers.</param>
/// <param name="Resamples">Whether it ends with a change of resolution.</param>
internal sealed record UNetBlockPlan(IReadOnlyList<UNetLayerPlan> Layers, int Heads, bool Resamples)
{
    public int OutChannels => Layers[^1].OutChannels;
}

/// <summary>The UNet's arithmetic of channels and layers, derived from its configuration once.</summary>
internal sealed record UNetPlan(IReadOnlyList<UNetBlockPlan> Down, UNetBlockPlan Mid, IReadOnlyList<UNetBlockPlan> Up)
{
    /// <summary>
    /// Width of every cross attention in the order in which an image-prompt adapter's file counts them: down blocks, up blocks, mid block.
    /// </summary>
    public IEnumerable<int> CrossAttentionWidths =>
        from block in Down.Concat(Up).Append(Mid)
        from layer in block.Layers
        from _ in Enumerable.Range(0, layer.TransformerLayers ?? 0)
        select block.Heads * (layer.OutChannels / block.Heads);

    public static UNetPlan Of(SdxlUNetConfig config)
    {
        var channels = config.BlockOutChannels;
        var blocks = channels.Count;
        var skips = new Stack<int>([channels[0]]); // channels of what the down blocks leave for the up blocks

        var down = new List<UNetBlockPlan>();
        var current = channels[0];
        for (var i = 0; i < blocks; i++)
        {
            var layers = new List<UNetLayerPlan>();
            for (var j = 0; j < At(config.LayersPerBlock, i); j++)
            {
                layers.Add(
                    new(
                        current,
                        channels[i],
                        config.DownBlockTypes[i] == "CrossAttnDownBlock2D" ? At(At(config.TransformerLayersPerBlock, i), j) : null
                    )
                );
                skips.Push(current = channels[i]);
            }
            var resamples = i < blocks - 1;
            if (resamples)
                skips.Push(current);
            down.Add(new(layers, At(config.AttentionHeadDim, i), resamples));
        }

        int? midDepth = config.MidBlockType == "UNetMidBlock2DCrossAttn" ? config.TransformerLayersPerBlock[^1][^1] : null;
        UNetLayerPlan[] midLayers = midDepth is null
            ? [new(current, current, null)]
            : [new(current, current, midDepth), new(current, current, null)];
        var mid = new UNetBlockPlan(midLayers, config.AttentionHeadDim[^1], Resamples: false);

        var up = new List<UNetBlockPlan>();
        for (var i = 0; i < blocks; i++)
        {
            var mirror = blocks - 1 - i;
            var depths = config.ReverseTransformerLayersPerBlock is { } reverse
                ? At(reverse, i)
                : At(config.TransformerLayersPerBlock, mirror);
            var layers = new List<UNetLayerPlan>();
            for (var j = 0; j < At(config.LayersPerBlock, mirror) + 1; j++)
            {
                layers.Add(
                    new(current + skips.Pop(), channels[mirror], config.UpBlockTypes[i] == "CrossAttnUpBlock2D" ? At(depths, j) : null)
                );
                current = channels[mirror];
            }
            up.Add(new(layers, At(config.AttentionHeadDim, mirror), Resamples: mirror > 0));
        }
        return new(down, mid, up);
    }

    /// <summary>Why a configuration describes no network, or null when it does.</summary>
    public static string? FindProblem(SdxlUNetConfig config)
    {
        var blocks = config.BlockOutChannels.Count;
        if (blocks == 0 || config.DownBlockTypes.Count != blocks || config.UpBlockTypes.Count != blocks)
            return $"block_out_channels, down_block_types and up_block_types must be equally long, but have {blocks}, "
                + $"{config.DownBlockTypes.Count} and {config.UpBlockTypes.Count} entries.";
        if (config.DownBlockTypes.FirstOrDefault(type => type is not ("DownBlock2D" or "CrossAttnDownBlock2D")) is { } down)
            return $"the down block type '{down}' is not known here; DownBlock2D and CrossAttnDownBlock2D are.";
        if (config.UpBlockTypes.FirstOrDefault(type => type is not ("UpBlock2D" or "CrossAttnUpBlock2D")) is { } up)
            return $"the up block type '{up}' is not known here; UpBlock2D and CrossAttnUpBlock2D are.";
        if (config.MidBlockType is not ("UNetMidBlock2DCrossAttn" or "UNetMidBlock2D"))
            return $"the mid block type '{config.MidBlockType ?? "null"}' is not known here; UNetMidBlock2DCrossAttn and "
                + "UNetMidBlock2D are.";
        if (FindWrongCount("attention_head_dim", config.AttentionHeadDim.Count) is { } heads)
            return heads;
        if (FindWrongCount("layers_per_block", config.LayersPerBlock.Count) is { } layers)
            return layers;
        if (
            config.TransformerLayersPerBlock.Concat(config.ReverseTransformerLayersPerBlock ?? []).Any(list => list.Any(depth => depth < 0))
        )
            return "transformer_layers_per_block must not be negative.";
        if (FindWrongCount("transformer_layers_per_block", config.TransformerLayersPerBlock.Count) is { } depths)
            return depths;
        if (
            config.ReverseTransformerLayersPerBlock is { } reverse
            && FindWrongCount("reverse_transformer_layers_per_block", reverse.Count) is { } reversed
        )
            return reversed;
        if (
            FindShortList(config.TransformerLayersPerBlock, config.LayersPerBlock)
            || FindShortList(config.ReverseTransformerLayersPerBlock ?? [], [.. config.LayersPerBlock.Reverse().Select(count => count + 1)])
        )
            return "a list within transformer_layers_per_block must have an entry for each residual block of its block.";
        if (config.ReverseTransformerLayersPerBlock is null && config.TransformerLayersPerBlock.Any(list => list.Count > 1))
            return "transformer_layers_per_block has lists within, so reverse_transformer_layers_per_block must be given too.";
        int[] positive =
        [
            .. config.BlockOutChannels,
            .. config.AttentionHeadDim,
            .. config.LayersPerBlock,
            config.InChannels,
            config.OutChannels,
            config.CrossAttentionDim,
            config.NormNumGroups,
            config.TimeEmbeddingWidth,
            config.AdditionTimeEmbedDim,
            config.ProjectionClassEmbeddingsInputDim,
        ];
        if (positive.Any(size => size <= 0))
            return "all sizes and counts must be positive.";
        if (config.BlockOutChannels.FirstOrDefault(size => size % config.NormNumGroups != 0) is var odd and > 0)
            return $"{odd} channels cannot be normalised in {config.NormNumGroups} groups; block_out_channels must be multiples "
                + "of norm_num_groups.";
        return null;

        string? FindWrongCount(string field, int count) =>
            count == 1 || count == blocks
                ? null
                : $"{field} has {count} entries for {blocks} blocks; one for all or one for each is expected.";

        static bool FindShortList(IReadOnlyList<IReadOnlyList<int>> depths, IReadOnlyList<int> layers) =>
            depths.Where((list, i) => list.Count == 0 || (list.Count > 1 && list.Count < At(layers, i))).Any();
    }

    private static T At<T>(IReadOnlyList<T> values, int index) => values.Count == 1 ? values[0] : values[index];
}
